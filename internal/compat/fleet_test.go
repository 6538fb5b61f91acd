package compat

import (
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"concierge/internal/testserver"
)

var fleetFlag = flag.Int("fleet", 4, "how many instances of each program run in the comparison of what a fleet costs")

const (
	fleetKeys    = 50
	fleetChanges = 10
	// fleetTemplate asks for each key by its name, as most templates do.
	fleetTemplate = `{{ range loop %d }}{{ key (printf "%s%%d" .) }} {{ end }}{{ key "%slast" }}
`
)

// traffic counts what passes a proxy in front of Consul.
type traffic struct {
	requests, held, bytes atomic.Int64
}

// cost is what a fleet asked of Consul.
type cost struct {
	held            int64 // requests that wait at rest
	requests, bytes int64 // for all changes
	cpu             time.Duration
}

func (c cost) String() string {
	return fmt.Sprintf("%d held at rest; for each change %.1f requests, %.1f KiB, %.1f ms of Consul's processor time", c.held,
		float64(c.requests)/fleetChanges, float64(c.bytes)/1024/fleetChanges, c.cpu.Seconds()*1000/fleetChanges)
}

// TestFleetCostsLessThanDeduplication runs several instances of each program on
// the same template. concierge shares nothing between them, and must ask less
// of Consul than instances of consul-template that share their results.
func TestFleetCostsLessThanDeduplication(t *testing.T) {
	programs := pair(t, false)
	costs := make(map[string]cost)
	for _, fleet := range []struct {
		name    string
		program program
		config  string
	}{
		{"consul-template", programs[0], ""},
		{"consul-template, deduplicated", programs[0], "deduplicate { enabled = true prefix = \"dedup/\" }\n"},
		{"concierge", programs[1], "deduplicate { enabled = true prefix = \"dedup/\" }\n"},
	} {
		t.Run(fleet.name, func(t *testing.T) {
			c := costOf(t, fleet.program, fleet.config)
			t.Logf("%d instances: %v", *fleetFlag, c)
			costs[fleet.name] = c
		})
	}
	ours, theirs := costs["concierge"], costs["consul-template, deduplicated"]
	if ours.held > theirs.held || ours.requests > theirs.requests {
		t.Errorf("concierge costs more than deduplicated consul-template: %v; %v", ours, theirs)
	}
}

// costOf starts the fleet at a Consul of its own and changes one key several
// times, waiting each time until every instance has rendered it.
func costOf(t *testing.T, p program, config string) cost {
	t.Helper()
	server := testserver.NewConsul(t, testserver.ConsulOptions{HCL: []string{"limits { http_max_conns_per_client = 8000 }"}})
	f := &fixture{consul: server, vault: testserver.Vault(t)}
	count, addr := counted(t, server)
	for n := range fleetKeys {
		f.put(t, fmt.Sprintf("app/%d", n), strings.Repeat("v", 100))
	}
	f.put(t, "app/last", "v0")
	dirs := make([]string, *fleetFlag)
	for n := range dirs {
		dirs[n] = member(t, f, p, addr, config)
	}
	rendered(t, dirs, "v0")
	held := atRest(t, count)
	requests, bytes, cpu := count.requests.Load(), count.bytes.Load(), cpuTime(t, server)
	for n := range fleetChanges {
		value := fmt.Sprintf("v%d", n+1)
		f.put(t, "app/last", value)
		rendered(t, dirs, value)
	}
	atRest(t, count)
	return cost{held, count.requests.Load() - requests, count.bytes.Load() - bytes, cpuTime(t, server) - cpu}
}

// counted puts a counting proxy in front of the server.
func counted(t *testing.T, server *testserver.Server) (*traffic, string) {
	t.Helper()
	target, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	count := new(traffic)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = &http.Transport{MaxIdleConnsPerHost: 1000}
	// A request that its program gave up is none of the fleet's errors.
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	listener := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		count.requests.Add(1)
		count.held.Add(1)
		defer count.held.Add(-1)
		proxy.ServeHTTP(counting{w, &count.bytes}, r)
	}))
	t.Cleanup(func() {
		listener.CloseClientConnections()
		listener.Close()
	})
	return count, strings.TrimPrefix(listener.URL, "http://")
}

// counting counts the bytes of a response.
type counting struct {
	http.ResponseWriter
	bytes *atomic.Int64
}

func (c counting) Write(p []byte) (int, error) {
	c.bytes.Add(int64(len(p)))
	return c.ResponseWriter.Write(p)
}

// Unwrap lets the proxy flush.
func (c counting) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// member starts one instance, which is killed with the test, and returns its
// directory.
func member(t *testing.T, f *fixture, p program, addr, config string) string {
	t.Helper()
	dir := t.TempDir()
	config += fmt.Sprintf("template {\n  source = %q\n  destination = %q\n}\n", filepath.Join(dir, "in.tmpl"), filepath.Join(dir, "out"))
	err := errors.Join(
		os.WriteFile(filepath.Join(dir, "in.tmpl"), fmt.Appendf(nil, fleetTemplate, fleetKeys, "app/", "app/"), 0o644),
		os.WriteFile(filepath.Join(dir, "config.hcl"), []byte(config), 0o644),
	)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(p.path, "-config", "config.hcl", "-consul-addr", addr)
	cmd.Dir, cmd.Env = dir, f.environment(dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return dir
}

// rendered waits until the output of every instance ends with the value.
func rendered(t *testing.T, dirs []string, value string) {
	t.Helper()
	for _, dir := range dirs {
		eventually(t, func() error {
			text, err := os.ReadFile(filepath.Join(dir, "out"))
			if err != nil || !strings.HasSuffix(string(text), " "+value+"\n") {
				return fmt.Errorf("%s is not rendered (%v)", value, err)
			}
			return nil
		})
	}
}

// atRest waits until no request came for a second and returns how many are held.
func atRest(t *testing.T, count *traffic) int64 {
	t.Helper()
	last, since := int64(-1), time.Now()
	eventually(t, func() error {
		if now := count.requests.Load(); now != last {
			last, since = now, time.Now()
		}
		if time.Since(since) < time.Second {
			return fmt.Errorf("the fleet never rests: %d requests so far", last)
		}
		return nil
	})
	return count.held.Load()
}

// cpuTime is the processor time that the server has used.
func cpuTime(t *testing.T, server *testserver.Server) time.Duration {
	t.Helper()
	used, err := testserver.CPUTime(server.PID())
	if err != nil {
		t.Fatal(err)
	}
	return used
}
