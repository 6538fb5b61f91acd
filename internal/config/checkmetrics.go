package config

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// metrics checks what is measured and where it goes.
func (v *validator) metrics() {
	m := v.cfg.Metrics
	if m == nil {
		return
	}
	if len(m.Push) == 0 && v.written("metrics.push") {
		v.fail("metrics.push", "", "names no target", "add one, for example push: {zabbix: {zabbix: {servers: zabbix.example.com}}}")
	}
	for _, name := range slices.Sorted(maps.Keys(m.Collect)) {
		v.collect(joinPath("metrics.collect", name), m.Collect[name])
	}
	for _, name := range slices.Sorted(maps.Keys(m.Checks)) {
		v.command(joinPath("metrics.checks", name)+".command", m.Checks[name].Command)
	}
	v.rules("metrics.rules", m.Rules)
	v.zabbixHost(m)
	for _, name := range slices.Sorted(maps.Keys(m.Push)) {
		v.push(joinPath("metrics.push", name), m.Push[name])
	}
	v.numbered(m.Push)
}

// collect checks an endpoint.
func (v *validator) collect(at string, c *Collect) {
	switch {
	case c.URL != "":
		v.httpURL(at+".url", c.URL)
	case c.Command != nil:
		v.command(at+".command", c.Command)
	case c.File == "":
		v.fail(at, "", "has neither url nor file nor command", "add url, for example http://127.0.0.1:8081/metrics")
	}
	if c.File != "" && c.Command != nil {
		v.fail(at+".command", "", "stands beside file", "keep one of them")
	}
	if c.PasswordFile != "" && c.Username == "" {
		v.fail(at+".password_file", "", "has no username", "add username")
	}
	v.tls(at+".tls", true, func() TLS { return c.TLS })
}

// httpURL checks a URL that may hold no password.
func (v *validator) httpURL(at, text string) {
	if strings.HasPrefix(text, "unix:/") {
		return
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		v.fail(at, "", "is not a URL of http or https", "write for example http://127.0.0.1:8081/metrics, or unix:/path/of/socket:/metrics")
	case u.User != nil:
		v.fail(at, "", "has credentials in the URL, where logs would show them", "use username and password_file, or token_file")
	}
}

// rules checks rules as far as it can be done without those who use them.
func (v *validator) rules(at string, rules []MetricRule) {
	for i, r := range rules {
		at := v.itemAt(at, i)
		patterns := map[string]string{".name": r.Name, ".field": r.Field, ".group": r.Group}
		for name, p := range r.Labels {
			patterns[joinPath(".labels", name)] = p
		}
		for _, where := range slices.Sorted(maps.Keys(patterns)) {
			v.pattern(at+where, patterns[where])
		}
		if _, err := strconv.ParseFloat(r.Factor, 64); r.Factor != "" && err != nil {
			v.fail(at+".factor", r.Factor, "is not a number", "write for example 0.001")
		}
	}
}

func (v *validator) pattern(at, p string) {
	if len(p) < 2 || p[0] != '/' || p[len(p)-1] != '/' {
		return
	}
	if _, err := regexp.Compile(p[1 : len(p)-1]); err != nil {
		v.fail(at, p, "is not a regular expression: "+err.Error(), "between slashes stands RE2; write a glob without them")
	}
}

// push checks a target.
func (v *validator) push(at string, p *Push) {
	kinds := 0
	for _, there := range []bool{p.Zabbix != nil, p.OTLP != nil, p.StatsD != nil, p.Pushgateway != nil, p.Sensu != nil} {
		if there {
			kinds++
		}
	}
	if kinds != 1 {
		v.fail(at, "", fmt.Sprintf("names %d kinds of targets instead of one", kinds), "write one of zabbix, otlp, statsd, pushgateway and sensu; zabbix: {} for its defaults")
	}
	v.rules(at+".rules", p.Rules)
	if z := p.Zabbix; z != nil {
		v.zabbix(at+".zabbix", z)
	}
	if o := p.OTLP; o != nil {
		v.httpURL(at+".otlp.url", o.URL)
		v.tls(at+".otlp.tls", true, func() TLS { return o.TLS })
	}
	if g := p.Pushgateway; g != nil {
		v.httpURL(at+".pushgateway.url", g.URL)
		v.tls(at+".pushgateway.tls", true, func() TLS { return g.TLS })
	}
	if s := p.Sensu; s != nil {
		v.httpURL(at+".sensu.url", s.URL)
	}
}

func (v *validator) zabbix(at string, z *ZabbixPush) {
	switch t := z.TLS; {
	case z.Servers == "":
		v.fail(at, "", "has no servers", "add servers: zabbix.example.com")
	case !areServers(z.Servers):
		v.fail(at+".servers", "", "is not a list of servers", "write host:port or only host, with a comma between servers and a semicolon between nodes of one; it is no URL")
	case z.Prefix != "" && !zabbixKeyName.MatchString(z.Prefix):
		v.fail(at+".prefix", z.Prefix, "cannot begin a key of Zabbix", "use letters, digits, dots, dashes and underscores")
	case (t.CertFile == "") != (t.KeyFile == ""):
		v.fail(at+".tls", "", "has a certificate without its key, or a key without its certificate", "write both cert_file and key_file")
	case t != (ZabbixTLS{}) && (t.CAFile == "" || t.CertFile == ""):
		v.fail(at+".tls", "", "is not complete", "a Zabbix server wants ca_file, cert_file and key_file")
	case t != (ZabbixTLS{}) && z.Register != nil:
		v.fail(at+".register", "", "is refused by servers over connections with certificates", "remove it, or tls")
	}
}

// areServers reports whether text is a list of addresses as Zabbix agents take
// it. What has more in it may hold a password.
func areServers(text string) bool {
	for node := range strings.SplitSeq(strings.ReplaceAll(text, ",", ";"), ";") {
		node = strings.TrimSpace(node)
		if strings.ContainsAny(node, "/@?# ") || net.ParseIP(strings.Trim(node, "[]")) == nil && !isHost(node) {
			return false
		}
	}
	return true
}

// zabbixHost applies the rule of Zabbix servers for names of hosts, if values go
// to one.
func (v *validator) zabbixHost(m *Metrics) {
	toZabbix := func(p *Push) bool { return p.Zabbix != nil }
	if m.Host != "" && !zabbixHostName.MatchString(m.Host) && slices.ContainsFunc(slices.Collect(maps.Values(m.Push)), toZabbix) {
		v.fail("metrics.host", m.Host, "is not a name of a host in Zabbix",
			"write 1 to 128 letters, digits, spaces, dots, dashes and underscores: the host name, not the visible name")
	}
}

var (
	zabbixHostName = regexp.MustCompile(`^[A-Za-z0-9 ._-]{1,128}$`)
	zabbixKeyName  = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)
)

// numbered checks that no target is called as another one's second server,
// which logs and metrics name with a number.
func (v *validator) numbered(push map[string]*Push) {
	for _, name := range slices.Sorted(maps.Keys(push)) {
		z := push[name].Zabbix
		if z == nil {
			continue
		}
		for i := range strings.Count(z.Servers, ",") {
			if second := fmt.Sprintf("%s-%d", name, i+2); push[second] != nil {
				v.fail(joinPath("metrics.push", second), "", "is how logs and metrics name another server of "+name, "write another name")
			}
		}
	}
}
