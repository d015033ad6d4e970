title a listener for IPv6 only
only ipv6
listen 5 v6only
A handshake
accept
