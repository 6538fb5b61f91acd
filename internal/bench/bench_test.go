package bench

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"concierge/internal/testserver"
)

var (
	update = flag.Bool("update", false, "write the figures into docs/scale.md (make fleet)")
	only   = flag.String("only", "", "measure only the parts whose name matches this regular expression, and print them (make bench-peers)")
	prints = flag.Bool("print", false, "print the figures and leave docs/performance.md alone (make bench-peers)")
)

func TestMain(m *testing.M) {
	if status, played := playRole(os.Args[1:], os.Stdout, os.Stderr); played {
		os.Exit(status)
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
	wanted, err := regexp.Compile(*only)
	if err != nil {
		b.Fatalf("-only: %v", err)
	}
	r := newReport(b, p, os.Stderr)
	r.partial = *only != ""
	if err := r.perform(b.Context(), r.parts(newGround(b)), wanted); err != nil {
		b.Fatal(err)
	}
	text, err := r.markdown()
	if err != nil {
		b.Fatal(err)
	}
	fmt.Println(text)
	if testing.Short() || *prints || r.partial {
		return
	}
	if err := placeFor("bench-peers").update(filepath.Join("..", "..", "docs", "performance.md"), text); err != nil {
		b.Fatal(err)
	}
}

// newGround starts the servers.
func newGround(tb testing.TB) ground {
	tb.Helper()
	generous := consulStore{testserver.NewConsul(tb, testserver.ConsulOptions{HCL: []string{maxConnections}}).Addr}
	etcd := testserver.NewEtcd(tb, testserver.EtcdOptions{})
	vault := testserver.Vault(tb)
	return ground{
		stores:  []store{generous, etcdStore{etcd.Addr}, fileStore{tb.TempDir()}, vaultStore{vault.URL(), vault.Token}},
		starts:  generous,
		limited: consulStore{testserver.NewConsul(tb, testserver.ConsulOptions{}).Addr},
	}
}

// newReport has all contenders that there are, and no figures yet.
func newReport(tb testing.TB, p plan, progress io.Writer) *report {
	tb.Helper()
	self, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	r := &report{run: run{
		plan: p, dir: tb.TempDir(), results: make(results), filled: make(map[spaceOn]bool), progress: progress,
		contenders: []contender{
			concierge(buildConcierge(tb)),
			consulTemplate(testserver.Binary(tb, "consul-template")),
			vaultAgent(testserver.Binary(tb, "vault")),
			bareClient(self),
		},
	}}
	r.given("CONFD", confd)
	r.given("REMCO", remco)
	r.given("ENVCONSUL", envconsul)
	for _, program := range []string{"consul", "etcd", "vault", "consul-template"} {
		r.versions = append(r.versions, versionOf(tb, program))
	}
	return r
}

// given adds a peer whose binary an environment variable names.
func (r *report) given(variable string, peer func(string) contender) {
	path := os.Getenv(variable)
	c := peer(path)
	if path == "" {
		r.absent = append(r.absent, fmt.Sprintf("%s (%s=path)", c.name, variable))
		return
	}
	r.contenders = append(r.contenders, c)
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
			return program + " " + strings.TrimSuffix(strings.TrimPrefix(word, "v"), ",")
		}
	}
	return program
}
