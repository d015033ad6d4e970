title wrong checksum for a request: never reaches us, the request stays
listen 5
A syn
if takeover                             # there is no request before the listener
A > A badsum
= none
A > A len 100 badsum
= bad_checksum
else
A > A badsum
= none
A > A len 100 badsum
= none
end
A < none 50ms
+ InErrs 2 InCsumErrors 2
A > A
= req_completed
+ PassiveOpens 1
