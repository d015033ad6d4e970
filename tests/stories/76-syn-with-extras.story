title SYN with data, PSH, URG, no options, all options
listen 9
A > S len 10
= syn_queued
A < SA ack 1
B > SPU
= syn_queued
B < SA ack 1
C > S win 0
= syn_queued
C < SA ack 1 nots nosack
D > S mss 1460 sackok ts 7 0 wscale 14
= syn_queued
D < SA ack 1 ts sackok tsecr 7
E > S seq 5 mss 1
= syn_queued
E < SA ack 6
