title wrong checksum to a listener: short ones are dropped before it, long ones by it
listen 5
A > S badsum                            # 76 bytes and less: tcp_v4_rcv checks
= none
A > S len 100 badsum
= bad_checksum
B > A len 100 badsum
= bad_checksum
A < none 50ms
+ InErrs 3 InCsumErrors 3
