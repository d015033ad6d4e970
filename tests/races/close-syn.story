title the listener closes while a SYN is on its way to it: its attempt begins, and ends
needs events cpus2 !takeover
race close killed_requests 0
listen 5
delay syn 20000
A > S mss 1460 cpu 1
sleep 5ms
close
=listener close killed_requests 0 killed_children 0
join
= syn_queued
A < SA ack 1
A < none 1600ms
A =request killed_by_close
