title wrong checksum for a request: never reaches us, the request stays
listen 5
A syn
A > A badsum
= none
A > A len 100 badsum
= none
A < none 50ms
+ InErrs 2 InCsumErrors 2
A > A
= req_completed
+ PassiveOpens 1
