package config

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// minTTL is the shortest that Consul takes.
const minTTL = 10 * time.Second

// cluster checks what the fleet is told.
func (v *validator) cluster() {
	c := v.cfg.Cluster
	if c == nil {
		return
	}
	v.clusterStore(c)
	if c.Service == "" {
		v.fail("cluster", "", "has no service", "add service, the name of what runs here")
	}
	v.clusterNames(c)
	if c.TTL < minTTL {
		v.fail("cluster.ttl", c.TTL.String(), "is shorter than stores allow", "write 10s or more")
	}
	for name, port := range c.Ports {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			v.fail(joinPath("cluster.ports", name), port, "is not a port", "write a number from 1 to 65535")
		}
	}
	if strings.Trim(c.Namespace, "/") != c.Namespace || c.Namespace == "" || strings.Contains(c.Namespace, "//") {
		v.fail("cluster.namespace", c.Namespace, "is not a prefix of keys", "write for example concierge/staging, without a slash at its ends")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Rollouts)) {
		if strings.Contains(name, ".") {
			v.fail(joinPath("cluster.rollouts", name), name, "has a dot", "use letters, digits, dashes and underscores")
		}
		v.rollout(joinPath("cluster.rollouts", name), c.Rollouts[name])
		v.domain(joinPath("cluster.rollouts", name)+".domain", c, c.Rollouts[name].Domain)
	}
	v.rolloutsApart(c)
	for _, name := range slices.Sorted(maps.Keys(c.Rules)) {
		v.clusterRule(joinPath("cluster.rules", name), c.Rules[name])
	}
	v.register(c)
}

// clusterNames are shown in tables, and are parts of keys.
func (v *validator) clusterNames(c *Cluster) {
	for at, name := range map[string]string{"cluster.service": c.Service, "cluster.instance": c.Instance} {
		if strings.ContainsFunc(name, unicode.IsControl) || !utf8.ValidString(name) {
			v.fail(at, name, "has characters that cannot be shown", "use letters, digits, dashes and dots")
		}
	}
}

// domain checks a label as far as that is known: without any label in the
// configuration, the ones of the instances may be given elsewhere.
func (v *validator) domain(at string, c *Cluster, label string) {
	if _, has := c.Labels[label]; label != "" && !has && len(c.Labels) > 0 {
		v.fail(at, label, "is no label of the instance", cmp.Or(suggest(label, slices.Collect(maps.Keys(c.Labels))), "add it to cluster.labels"))
	}
}

func (v *validator) register(c *Cluster) {
	r := c.Register
	if r == nil {
		return
	}
	if r.Port != "" && c.Ports[r.Port] == "" {
		v.fail("cluster.register.port", r.Port, "is no port of the instance", "add it to cluster.ports")
	}
	if r.Check == "http" && v.cfg.Sources.Consul != nil && c.Store != "etcd" && !v.cfg.Process.asked() {
		v.fail("cluster.register.check", r.Check, "has no URL to ask", "add process.readiness.http or process.health.http, or write check: ttl")
	}
}

// asked says whether the process has a health check with a URL.
func (p *Process) asked() bool {
	if p == nil {
		return false
	}
	return p.Readiness != nil && p.Readiness.HTTP != "" || p.Health != nil && p.Health.HTTP != ""
}

func (v *validator) clusterStore(c *Cluster) {
	s := v.cfg.Sources
	switch {
	case c.Store == "consul" && s.Consul == nil, c.Store == "etcd" && s.Etcd == nil:
		v.fail("cluster.store", c.Store, "is not among the sources", "add sources."+c.Store)
	case c.Store == "" && s.Consul != nil && s.Etcd != nil:
		v.fail("cluster", "", "does not say in which store", "add store: consul or store: etcd")
	case s.Consul == nil && s.Etcd == nil:
		v.fail("cluster", "", "needs Consul or etcd", "add sources.consul or sources.etcd")
	}
}

func (v *validator) rollout(at string, r *Rollout) {
	if r.Canary != "" {
		v.amount(at+".canary", r.Canary, true)
	}
	v.amount(at+".max_unavailable", r.MaxUnavailable, false)
	if len(r.Stages) > 0 && r.Canary != "" {
		v.fail(at+".canary", r.Canary, "stands beside stages", "make it the first stage")
	}
	for i, s := range r.Stages {
		at := v.itemAt(at+".stages", i) + ".instances"
		v.amount(at, s.Instances, false)
		if i > 0 && fewer(s.Instances, r.Stages[i-1].Instances) {
			v.fail(at, s.Instances, "is fewer than in the stage before", "write stages that grow")
		}
	}
	for i, name := range r.Sets {
		if name != ProcessName && len(v.members(name)) == 0 {
			v.fail(fmt.Sprintf("%s.sets[%d]", at, i), name, "is no set of a template", "add set: "+name+" to the templates that change with it")
		}
	}
}

// fewer says whether an amount is less than another one, as far as that is known:
// a number and per cent cannot be compared.
func fewer(a, b string) bool {
	x, errX := strconv.Atoi(strings.TrimSuffix(a, "%"))
	y, errY := strconv.Atoi(strings.TrimSuffix(b, "%"))
	return errX == nil && errY == nil && strings.HasSuffix(a, "%") == strings.HasSuffix(b, "%") && x < y
}

// rolloutsApart checks that nothing changes by two rollouts.
func (v *validator) rolloutsApart(c *Cluster) {
	of := make(map[string]string)
	for _, name := range slices.Sorted(maps.Keys(c.Rollouts)) {
		r := c.Rollouts[name]
		if len(r.Sets) == 0 && len(c.Rollouts) > 1 {
			v.fail(joinPath("cluster.rollouts", name), "", "does not say what changes with it", "add sets; only a lone rollout is about everything")
		}
		for _, set := range r.Sets {
			if first, twice := of[set]; twice {
				v.fail(joinPath("cluster.rollouts", name)+".sets", set, "changes with rollout "+first, "name it once")
			}
			of[set] = name
		}
	}
}

// amount checks a number or percentage of instances.
func (v *validator) amount(at, text string, none bool) {
	n, err := strconv.Atoi(strings.TrimSuffix(text, "%"))
	switch {
	case err != nil:
		v.fail(at, text, "is neither a number nor per cent", "write for example 2 or 10%")
	case n == 0 && !none:
		v.fail(at, text, "is nobody", "write 1 or more")
	case strings.HasSuffix(text, "%") && n > 100:
		v.fail(at, text, "is more than all", "write at most 100%")
	}
}

var ruleCondition = regexp.MustCompile(`^\s*(wanted|running|responding|diverged|(?:sum|avg|min|max)\(([^()]+)\))\s*(<=|>=|<|>|==|!=)\s*([0-9.]+)\s+for\s+(\S+)\s*$`)

// Condition is what ClusterRule.When says.
type Condition struct {
	Number string // wanted, running, responding, diverged, sum, avg, min or max
	Of     string // metric of the last four
	Test   string // <, <=, >, >=, == or !=
	Limit  float64
	For    time.Duration
}

// Condition reads the condition; ok is false if it cannot be read.
func (r *ClusterRule) Condition() (c Condition, ok bool) {
	m := ruleCondition.FindStringSubmatch(r.When)
	if m == nil {
		return c, false
	}
	c.Number, c.Of, c.Test = m[1], strings.TrimSpace(m[2]), m[3]
	c.Number, _, _ = strings.Cut(c.Number, "(")
	limit, errLimit := strconv.ParseFloat(m[4], 64)
	within, errFor := time.ParseDuration(m[5])
	c.Limit, c.For = limit, within
	return c, errLimit == nil && errFor == nil && within > 0
}

func (v *validator) clusterRule(at string, r *ClusterRule) {
	v.command(at+".command", r.Command)
	c, ok := r.Condition()
	switch {
	case !ok:
		v.fail(at+".when", r.When, "is not a condition", "write for example avg(load) > 5 for 60s")
	case c.Of != "" && !slices.Contains(v.cfg.Cluster.Numbers, c.Of):
		v.fail(at+".when", c.Of, "is not among the numbers", "add it to cluster.numbers")
	}
	if r.Max > 0 && r.Max < r.Min {
		v.fail(at, "", "has max below min", "raise max")
	}
}
