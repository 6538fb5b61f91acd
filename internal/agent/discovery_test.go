package agent_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"concierge/internal/testserver"
)

func TestOthersFindInstancesAndTheirLeaderActsOnCounts(t *testing.T) {
	for name, server := range map[string]*testserver.Server{"etcd": testserver.Etcd(t), "consul": testserver.Consul(t)} {
		t.Run(name, func(t *testing.T) {
			fill := strings.NewReplacer(
				"STORE", map[string]string{"etcd": "etcd: {endpoints: [" + server.Addr + "]}", "consul": "consul: {address: " + server.Addr + "}"}[name],
				"ALL", t.TempDir()+"/all",
			).Replace
			all := fill("ALL")
			var web []*instance
			for n := range 2 {
				web = append(web, run(t, fill(strings.ReplaceAll(`
sources: {STORE}
metrics: {interval: 1s, container: {off: true}, collect: {app: {command: [echo, "# TYPE load gauge\nload 4"], format: prometheus}}}
cluster:
  service: find-web
  namespace: find
  instance: web-@
  address: 10.0.0.1@
  ports: {http: 8080}
  ttl: 10s
  numbers: [load]
  wanted: 3
  register: {tags: [blue], meta: {team: x}}
  rules:
    more: {when: "avg(load) > 3 for 1s", command: [sh, -c, 'echo "$SERVICE $CURRENT $DESIRED" >>ALL'], max: 5}
process: {command: [sleep, "600"]}
`, "@", fmt.Sprint(n)))))
			}
			reader := run(t, fill(`
sources: {STORE}
cluster: {service: find-reader, namespace: find, ttl: 10s, instance: reader}
templates: [{contents: '{{ range service "blue.find-web" }}{{ .Address }}:{{ .Port }} {{ end }}', destination: DIR/out}]
`))
			within(t, 60*time.Second, "both are found", func() bool { return reader.read("out") == "10.0.0.10:8080 10.0.0.11:8080 " })
			within(t, 60*time.Second, "the rule ran", func() bool { b, _ := os.ReadFile(all); return string(b) == "find-web 2 3\n" })
			web[0].signal(syscall.SIGTERM)
			web[0].wait()
			within(t, 60*time.Second, "one is left", func() bool { return reader.read("out") == "10.0.0.11:8080 " })
			if b, _ := os.ReadFile(all); string(b) != "find-web 2 3\n" {
				t.Errorf("the rule ran again: %q", b)
			}
		})
	}
}
