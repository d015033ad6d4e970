title close with a pending request: its timer ends it
listen 5
A syn
close
if takeover                             # it waits for the next listener, in silence
=listener close killed_requests 0 killed_children 0
A < none 1600ms
else
=listener close killed_requests 1 killed_children 0
A < none 1600ms
A =request killed_by_close
end
