title listener closed with a request pending, then the ACK
listen 5
A syn
close
if takeover                             # the request is the endpoint's
A > A
= none
else
=listener close killed_requests 1 killed_children 0
A > A
= req_orphaned
end
A < R seq 1
+ OutRsts 1
