title close with pending requests and unaccepted connections
listen 5
A handshake
B handshake
C syn
close
if takeover
=listener close killed_requests 0 killed_children 2
else
=listener close killed_requests 1 killed_children 2
end
A < RA seq 1
B < RA seq 1
+ OutRsts 2 EstabResets 2
