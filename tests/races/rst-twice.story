title two RSTs for one request: the one that comes too late is the listener's
needs events cpus2
race stray_rst via lost_race
listen 5
A syn
delay kill 20000
A > R cpu 1
sleep 3ms
delay kill 0
A > R
=either req_rst
join
= stray_rst via lost_race
A < none 50ms
+ AttemptFails 2 EmbryonicRsts 1
drops 2
