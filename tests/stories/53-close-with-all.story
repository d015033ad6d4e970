title close with pending requests and unaccepted connections
listen 5
A handshake
B handshake
C syn
close
=listener close killed_requests 1 killed_children 2
A < RA seq 1
B < RA seq 1
+ OutRsts 2 EstabResets 2
