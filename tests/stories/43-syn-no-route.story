title SYN, no route back: unreachable, prohibit, blackhole, none
listen 5
route unreachable A
A > S
= syn_no_route
route prohibit B
B > S
= syn_no_route
route blackhole C
C > S
= syn_no_route
if ipv6
undo ip -6 route replace default via fd09::2 dev {dev}
run ip -6 route del default
else
undo ip route replace default via 10.9.0.2 dev {dev}
run ip route del default
end
D > S
= syn_no_route
D < none 50ms
+ ListenDrops 4
drops 4
