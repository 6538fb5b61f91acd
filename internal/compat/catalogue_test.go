package compat

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"

	"concierge/internal/testserver"
)

var roundsFlag = flag.Int("rounds", 3, "how often the health of the catalogue changes")

const (
	catalogueServices  = 200
	catalogueInstances = 10
	// flappers is how many instances change their health in a round.
	flappers = 60
)

// catalogue is what is registered: the health of each instance of each
// service. It tells what a proxy's configuration has to say.
type catalogue struct {
	url    string
	health [catalogueServices][catalogueInstances]string
}

// proxyTemplate is the configuration of a proxy for all services with a tag.
const proxyTemplate = `global
    maxconn 4096
defaults
    mode http
    timeout connect 5s
{{- range services }}{{ if .Tags | contains "proxied" }}
backend {{ .Name }}
    balance roundrobin
{{- range service (printf "%s|passing,warning" .Name) }}
    server {{ .Node }} {{ .Address }}:{{ .Port }} check{{ if eq .Status "warning" }} backup{{ end }}
{{- end }}
{{- end }}{{ end }}
`

// TestCatalogueSettlesToTheSameFile lets the health of a large catalogue flap
// and compares both files with each other and with what was registered.
func TestCatalogueSettlesToTheSameFile(t *testing.T) {
	d := &duel{t: t, f: &fixture{
		consul: testserver.NewConsul(t, testserver.ConsulOptions{HCL: []string{"limits { http_max_conns_per_client = 8000 }"}}),
		vault:  testserver.Vault(t),
	}}
	c := &catalogue{url: d.f.consul.URL()}
	c.register(t)
	d.files = map[string]string{"proxy.tmpl": proxyTemplate}
	d.start(`template { source = "proxy.tmpl" destination = "out" }`)
	rng := rand.New(rand.NewPCG(1, 2))
	d.awaitText("out", c.proxy())
	for range *roundsFlag {
		c.flap(t, rng)
		d.awaitText("out", c.proxy())
	}
}

// register registers all instances, each service on the same ten nodes.
func (c *catalogue) register(t *testing.T) {
	t.Helper()
	for service := range catalogueServices {
		for instance := range catalogueInstances {
			c.health[service][instance] = "passing"
		}
	}
	// Several at a time: it is a matter of round trips.
	var all sync.WaitGroup
	errs := make(chan error, catalogueInstances)
	for instance := range catalogueInstances {
		all.Go(func() {
			for service := range catalogueServices {
				if err := c.put(service, instance); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	all.Wait()
	close(errs)
	for err := range errs {
		t.Fatal(err)
	}
}

// put registers an instance as it is.
func (c *catalogue) put(service, instance int) error {
	name, node := fmt.Sprintf("service-%03d", service), fmt.Sprintf("node-%02d", instance)
	tags := []string{"proxied"}
	if service%10 == 9 {
		tags = []string{"internal"}
	}
	body, err := json.Marshal(map[string]any{
		"Node": node, "Address": fmt.Sprintf("10.9.0.%d", instance), "NodeMeta": map[string]string{"external-node": "true"},
		"Service": map[string]any{"ID": name, "Service": name, "Port": 10000 + service, "Tags": tags},
		"Check":   map[string]any{"CheckID": name, "Name": "health", "ServiceID": name, "Status": c.health[service][instance]},
	})
	if err != nil {
		return err
	}
	_, err = request(http.MethodPut, c.url+"/v1/catalog/register", "", body)
	return err
}

// flap changes the health of some instances, of some more than once.
func (c *catalogue) flap(t *testing.T, rng *rand.Rand) {
	t.Helper()
	states := []string{"passing", "warning", "critical"}
	for range flappers {
		service, instance := rng.IntN(catalogueServices), rng.IntN(catalogueInstances)
		c.health[service][instance] = states[rng.IntN(len(states))]
		if err := c.put(service, instance); err != nil {
			t.Fatal(err)
		}
	}
}

// proxy is what the template must become.
func (c *catalogue) proxy() string {
	var b strings.Builder
	b.WriteString("global\n    maxconn 4096\ndefaults\n    mode http\n    timeout connect 5s")
	for service := range catalogueServices {
		if service%10 == 9 {
			continue
		}
		fmt.Fprintf(&b, "\nbackend service-%03d\n    balance roundrobin", service)
		for instance, health := range c.health[service] {
			if health == "critical" {
				continue
			}
			fmt.Fprintf(&b, "\n    server node-%02d 10.9.0.%d:%d check", instance, instance, 10000+service)
			if health == "warning" {
				b.WriteString(" backup")
			}
		}
	}
	b.WriteString("\n")
	return b.String()
}
