"""TLS of the server's own ports: certificates, taken into use while it runs."""
