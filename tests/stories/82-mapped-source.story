title IPv6 SYN from an IPv4-mapped source
only ipv6
listen 5
flow A src ::ffff:10.99.0.1
A > S
= syn_mapped_source
A < none 50ms
