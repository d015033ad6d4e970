title two CPUs, the same last ACK: the first completes the handshake
needs events cpus2
race req_lost_race
listen 5
A syn
delay child 20000
A > A cpu 1
A > A
join
=any req_completed req_lost_race
A < none 50ms
told
accept
accept none
if takeover                             # the second does not try
+ PassiveOpens 1
else
+ PassiveOpens 2
end
