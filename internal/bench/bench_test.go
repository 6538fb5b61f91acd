package bench

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"concierge/internal/testserver"
)

var update = flag.Bool("update", false, "write the figures into docs/performance.md")

func TestMain(m *testing.M) {
	if os.Getenv(timerVariable) != "" {
		os.Exit(runTimer(os.Args[1:], os.Stdout, os.Stderr))
	}
	m.Run()
}

// maxConnections is how many connections Consul takes from one client, above
// what consul-template opens: one for each key.
const maxConnections = `limits { http_max_conns_per_client = 15000 }`

// BenchmarkBesidePeers is the whole comparison, made once whatever b.N is: its
// figures are in the report, not in ns/op.
func BenchmarkBesidePeers(b *testing.B) {
	p := fullPlan()
	if testing.Short() {
		p = shortPlan()
	}
	consul := testserver.NewConsul(b, testserver.ConsulOptions{HCL: []string{maxConnections}})
	etcd := testserver.NewEtcd(b, testserver.EtcdOptions{})
	r := report{run: run{plan: p, dir: b.TempDir(), results: make(results), progress: os.Stderr}}
	r.contenders = []contender{concierge(buildConcierge(b)), consulTemplate(testserver.Binary(b, "consul-template"))}
	r.given(b, "CONFD", confd)
	r.given(b, "REMCO", remco)
	onConsul := consulStore{consul.Addr}
	if err := r.starts(b.Context(), onConsul); err != nil {
		b.Fatal(err)
	}
	stores := []store{onConsul, etcdStore{etcd.Addr}, fileStore{b.TempDir()}}
	for _, st := range stores {
		if err := r.on(b.Context(), st); err != nil {
			b.Fatal(err)
		}
	}
	if err := r.idleAll(b.Context(), stores); err != nil {
		b.Fatal(err)
	}
	for _, program := range []string{"consul", "etcd", "consul-template"} {
		r.versions = append(r.versions, versionOf(b, program))
	}
	r.publish(b)
}

// given adds a peer whose binary an environment variable names.
func (r *report) given(tb testing.TB, variable string, peer func(string) contender) {
	tb.Helper()
	path := os.Getenv(variable)
	c := peer(path)
	if path == "" {
		r.absent = append(r.absent, fmt.Sprintf("%s (%s=path)", c.name, variable))
		return
	}
	r.contenders = append(r.contenders, c)
}

// publish prints the report, and writes it into the document if asked to.
func (r *report) publish(tb testing.TB) {
	tb.Helper()
	text, err := r.markdown()
	if err != nil {
		tb.Fatal(err)
	}
	fmt.Println(text)
	if !*update {
		return
	}
	if err := placeFor("bench").update(filepath.Join("..", "..", "docs", "performance.md"), text); err != nil {
		tb.Fatal(err)
	}
}

// buildConcierge builds the binary as it is released.
func buildConcierge(tb testing.TB) string {
	tb.Helper()
	binary := filepath.Join(tb.TempDir(), "concierge")
	cmd := exec.CommandContext(tb.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, "concierge/cmd/concierge")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("building concierge: %v\n%s", err, out)
	}
	return binary
}

// versionOf returns a server's or peer's name and version: the first word with
// a digit in what it prints.
func versionOf(tb testing.TB, program string) string {
	tb.Helper()
	out, err := exec.CommandContext(tb.Context(), testserver.Binary(tb, program), "--version").CombinedOutput()
	if err != nil {
		tb.Fatalf("asking %s for its version: %v\n%s", program, err, out)
	}
	for word := range strings.FieldsSeq(string(out)) {
		if strings.ContainsAny(word, "0123456789") {
			return program + " " + strings.TrimPrefix(word, "v")
		}
	}
	return program
}
