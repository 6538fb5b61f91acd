package zabbix

import "concierge/metrics"

// What is wrong when a server takes nothing: it never says which of these.
const (
	noHost = "the server takes nothing: no host of this name takes these values. Create it in Zabbix and link a template of examples/zabbix, " +
		"or set metrics.host to the name that it has there, or let register and an action for autoregistration create it"
	noRule = "the server knows no discovery rule for these metrics: link a template of examples/zabbix to the host"
)

// judge tells rejections that are to be expected from others, and says once what
// to do about a server that takes nothing.
func (t *Target) judge(host string, r *metrics.Receipt) {
	learning := t.cfg.Now().Before(t.learned)
	if learning {
		r.Learning = r.Rejected
	}
	switch {
	case r.Rejected > 0 && r.Accepted == 0 && !learning:
		t.registry.accepted = false // the server may have lost the host
		t.complain(noHost, host)
	case r.Announced.Sent && !r.Announced.Taken && r.Accepted > 0:
		t.complain(noRule, host)
	case r.Announced.Taken, r.Accepted > 0 && t.complaint == noHost:
		t.complaint = ""
	}
}

// complain logs what is wrong, unless it did so before.
func (t *Target) complain(what, host string) {
	if t.complaint != what {
		t.complaint = what
		t.cfg.Log.Warn(what, "host", host)
	}
}
