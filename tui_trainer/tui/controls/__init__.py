"""What one operates: tables, the header, the key bar."""
