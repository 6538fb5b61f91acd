// Package layering fails the build when an import points upwards or sideways.
package layering

import (
	"bytes"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// rule says what a package (and those below it) may import of this module.
type rule struct {
	pkg     string
	may     []string // import path prefixes below the module
	because string
}

// rules are looked at in order; the first whose pkg matches counts.
var rules = []rule{
	{"cmd", []string{"cluster/rollout", "metrics/collect/container", "internal/agent", "internal/admin", "internal/config", "internal/exit", "internal/logging", "sources", "render", "render/funcs", "reload/process"},
		"the command line knows the agent, its control socket and the settings, not how they work"},
	{"examples", nil, "examples use the binary, as users do"},
	{"internal/agent", []string{"internal/config", "internal/exit", "sources", "secrets", "render", "reload", "cluster", "metrics", "internal/admin", "internal/host"},
		"the agent is the only package that knows all others"},
	{"internal/config", []string{"secrets", "internal/exit", "internal/config"},
		"only the configuration knows file formats, and it knows nothing of what they configure"},
	{"internal/testserver", []string{"internal/testserver"}, "test servers serve every package"},
	{"internal/bench", []string{"internal/testserver"}, "the benchmark measures the binary from outside"},
	{"internal/compat", []string{"internal/testserver"}, "the comparison sees both programs from outside"},
	{"internal/storm", []string{"internal/testserver"}, "the proof sees the binary from outside"},
	{"internal/rollouts", []string{"internal/testserver", "cluster"}, "the proof sees the binary from outside, and what is in the store"},
	{"internal/exit", nil, "a table"},
	{"internal/logging", []string{"internal/config"}, "the logger knows its settings and nothing of what is logged"},
	{"internal/host", nil, "a leaf: what the machine is told"},
	{"internal/layering", nil, "this check"},
	{"internal/admin", nil, "a leaf that declares what it needs as small interfaces"},
	{"sources/sourcetest", []string{"sources"}, "the suite knows the contract, not who implements it"},
	{"sources/consul", []string{"sources", "secrets"}, "an implementation knows its contract"},
	{"sources/etcd", []string{"sources", "secrets"}, "an implementation knows its contract"},
	{"sources/file", []string{"sources", "secrets"}, "an implementation knows its contract"},
	{"secrets/vault", []string{"sources", "secrets"}, "an implementation knows its contract"},
	{"sources", nil, "the contract knows no implementation"},
	{"secrets", nil, "the secret type is below everything"},
	{"render/output", nil, "bytes to files: no templates, no stores"},
	{"render/funcs", []string{"sources"}, "pure functions on the data types of the contract"},
	{"render", []string{"sources", "secrets", "render"}, "templates know sources by their types alone"},
	{"reload/job", []string{"reload/process", "reload/probe", "reload/usage", "reload/board"}, "jobs know programs and how they are watched, and no files"},
	{"reload/process", nil, "programs are run for those who decide"},
	{"reload/probe", nil, "a probe knows only what it asks"},
	{"reload/usage", nil, "a look at the machine"},
	{"reload/board", nil, "what happened is kept for anybody"},
	{"reload/journal", nil, "records and kept files, whatever they mean"},
	{"reload/format", nil, "bytes are of a format or not"},
	{"reload", nil, "a leaf that declares what it needs as small interfaces"},
	{"cluster/storetest/servers", []string{"cluster", "cluster/etcd", "cluster/consul", "internal/testserver"}, "it gives tests every store"},
	{"cluster/pace", nil, "pauses"},
	{"cluster/storetest", []string{"cluster", "internal/testserver"}, "the suite knows the contract, not who implements it"},
	{"cluster/lease", nil, "sessions of any store"},
	{"cluster/etcd", []string{"cluster", "cluster/lease", "cluster/pace"}, "an implementation knows its contract"},
	{"cluster/consul", []string{"cluster", "cluster/lease", "cluster/pace"}, "an implementation knows its contract"},
	{"cluster/rollout", []string{"cluster"}, "the protocol knows the contract of a store, and not who is there or elected: it is told"},
	{"cluster/memstore", []string{"cluster"}, "an implementation knows its contract"},
	{"cluster/member", []string{"cluster", "cluster/pace"}, "who is there is told by a store alone"},
	{"cluster/election", []string{"cluster", "cluster/pace"}, "who leads is told by a store alone"},
	{"cluster/register", []string{"cluster", "cluster/pace"}, "it announces by the contract, whichever store keeps it"},
	{"cluster/census", []string{"cluster", "cluster/member", "cluster/election", "cluster/pace"}, "it counts members for a leader, whichever store tells of them"},
	{"cluster", []string{"cluster", "cluster/pace"}, "a leaf that declares what it needs as small interfaces"},
	{"metrics/collect/program", nil, "programs are run for those who read what they print"},
	{"metrics/collect/dropwizard", []string{"metrics"}, "a format knows samples and not where its text is from"},
	{"metrics/collect/exposition", []string{"metrics"}, "a format knows samples and not where its text is from"},
	{"metrics/collect/endpoint", []string{"metrics", "metrics/collect/dropwizard", "metrics/collect/exposition", "metrics/collect/program"},
		"an endpoint is read in one of the formats and delivered by others"},
	{"metrics/collect/check", []string{"metrics", "metrics/collect/program"}, "a check is a program with a verdict"},
	{"metrics/collect", []string{"metrics"}, "who collects does not know who delivers"},
	{"metrics/rules", []string{"metrics"}, "rules know samples alone"},
	{"metrics/fixture", nil, "made-up documents are for tests, and made of nothing"},
	{"metrics/push/delivery", []string{"metrics"}, "requests over HTTP, whatever they carry"},
	{"metrics/push", []string{"metrics", "metrics/push/delivery", "metrics/exposition"}, "a target knows samples, and not who made them"},
	{"metrics", []string{"metrics", "metrics/collect", "metrics/rules"}, "a leaf that declares what it needs as small interfaces"},
}

// exactly lists the packages of "may" that stand for themselves alone: the
// contracts, whose implementations are nobody's business.
var exactly = []string{"sources", "secrets", "metrics", "cluster"}

func TestImportsPointDownwards(t *testing.T) {
	for pkg, imports := range moduleImports(t) {
		i := slices.IndexFunc(rules, func(r rule) bool { return within(pkg, r.pkg) })
		if i < 0 {
			t.Errorf("package %s has no rule: say here what it may import and why", pkg)
			continue
		}
		for _, imp := range imports {
			if !rules[i].allows(pkg, imp) {
				t.Errorf("%s must not import %s: %s", pkg, imp, rules[i].because)
			}
		}
	}
}

func (r rule) allows(pkg, imp string) bool {
	return slices.ContainsFunc(r.may, func(m string) bool {
		if r.pkg != "internal/agent" && slices.Contains(exactly, m) {
			return imp == m
		}
		return within(imp, m)
	}) || within(imp, pkg) && !slices.Contains(exactly, pkg)
}

func within(pkg, prefix string) bool {
	return pkg == prefix || strings.HasPrefix(pkg, prefix+"/")
}

// moduleImports returns, for each package of the module, which others of it
// its non-test files import, without the module's name.
func moduleImports(t *testing.T) map[string][]string {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "concierge/...")
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	all := make(map[string][]string)
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		pkg := strings.TrimPrefix(fields[0], "concierge/")
		all[pkg] = nil
		for _, imp := range fields[1:] {
			if rest, ok := strings.CutPrefix(imp, "concierge/"); ok {
				all[pkg] = append(all[pkg], rest)
			}
		}
	}
	if len(all) < 8 {
		t.Fatalf("go list found only %d packages: is the module still called concierge?", len(all))
	}
	return all
}
