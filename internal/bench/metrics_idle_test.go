package bench

import "time"

// settling is left to a process before it counts as idle.
const settling = 5 * time.Second

// idleMinute measures what an instance without metrics needs, which is taken off
// what cycles need, and what one heartbeat needs, which is not.
func (r *metricsRig) idleMinute() {
	r.tb.Helper()
	c := pusher{whole: "# no metrics\n"}.start(r.tb, r.group, r.binary)
	r.rest()
	idle := r.rest()
	r.found.addTime("idle: cpu of one interval", r.share(idle, r.interval))
	r.found.add("idle: memory", c.memory(residentMemory))
	r.found.add("idle: memory of its own", c.memory(ownMemory))
	c.stop()

	relay := newPushRelay(r.tb, r.zabbix.Addr)
	c = pusher{host: r.zabbix.UnusedName(), url: newApplication(r.tb, "application/json", "{}").url, servers: relay.addr,
		interval: time.Hour, heartbeat: beatEvery}.start(r.tb, r.group, r.binary)
	r.rest()
	r.found.addTime("one heartbeat: cpu", r.share(r.rest()-idle, beatEvery))
	c.stop()
}

// rest returns what the group needs while it is left alone.
func (r *metricsRig) rest() time.Duration {
	r.tb.Helper()
	if err := pause(r.tb.Context(), settling); err != nil {
		r.tb.Fatal(err)
	}
	before := r.group.cpu(r.tb)
	if err := pause(r.tb.Context(), r.idle); err != nil {
		r.tb.Fatal(err)
	}
	return r.group.cpu(r.tb) - before
}

// share is the part of a rest that falls to a shorter time.
func (r *metricsRig) share(used, within time.Duration) time.Duration {
	return time.Duration(float64(used) * float64(within) / float64(r.idle))
}

// idleInterval is what an idle instance needs from one cycle to the next; 0 if
// that was not measured.
func (r *metricsRig) idleInterval() time.Duration {
	all := r.found["idle: cpu of one interval"]
	if len(all) == 0 {
		return 0
	}
	return time.Duration(median(all) * float64(time.Second))
}
