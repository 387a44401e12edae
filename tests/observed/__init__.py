"""What a request says, tested reader by reader."""
