title listener with an MD5 key, client without: dropped before us
needs md5
listen 5 md5=secret
A > S mss 1460
= none
A < none 50ms
+ TCPMD5NotFound 1
drops 1
