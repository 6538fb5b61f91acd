package vault_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"concierge/internal/testserver"
	"concierge/sources"
)

func TestBothVersionsOfKVAreReadByTheirPlainPath(t *testing.T) {
	t.Parallel()
	server, p := testserver.Vault(t), testserver.Prefix(t)
	a := administer(t, server)
	a.write("kv/"+p+"app", map[string]any{"password": "one", "port": 8080})
	a.put2(p+"app", map[string]any{"password": "two", "port": 8080})
	v1, v2, api := secret("kv/"+p+"app"), secret("secret/"+p+"app"), secret("secret/data/"+p+"app")
	slashes := secret(" /secret/" + p + "app/ ")
	f := follow(t, open(t, config(server)), v1, v2, api, slashes)
	f.awaitField(v1, "password", "one")
	for _, q := range []sources.Query{v2, api, slashes} {
		f.awaitField(q, "password", "two")
	}
	for _, q := range []sources.Query{v1, v2} {
		v := f.value(q)
		if !v.Tainted {
			t.Errorf("%s is not tainted", q)
		}
		if port := fields(v)["port"]; port != json.Number("8080") {
			t.Errorf("%s has port %#v, want it as written", q, port)
		}
	}
	metadata, _ := f.value(v2).Data.(*sources.SecretData).Data["metadata"].(map[string]any)
	if metadata["version"] != json.Number("1") {
		t.Errorf("metadata is %v", metadata)
	}
}

func TestRefreshPicksUpAChangeAndNothingElse(t *testing.T) {
	t.Parallel()
	server, p := testserver.Vault(t), testserver.Prefix(t)
	a := administer(t, server)
	changing, still := secret("secret/"+p+"changing"), secret("kv/"+p+"still")
	a.put2(p+"changing", map[string]any{"n": "0"})
	a.write("kv/"+p+"still", map[string]any{"n": "0"})
	f := follow(t, open(t, config(server)), changing, still)
	f.awaitField(changing, "n", "0")
	f.awaitField(still, "n", "0")
	for i := range 5 { // some refreshes
		a.put2(p+"changing", map[string]any{"n": fmt.Sprint(i + 1)})
		f.awaitField(changing, "n", fmt.Sprint(i+1))
	}
	answers := 0
	for _, u := range f.all() {
		if _, ok := u.Values[still]; ok {
			answers++
		}
	}
	if answers != 1 {
		t.Errorf("an unchanged secret was published %d times", answers)
	}
}

func TestDeletedVersionIsAbsentUntilUndeleted(t *testing.T) {
	t.Parallel()
	server, p := testserver.Vault(t), testserver.Prefix(t)
	a := administer(t, server)
	q, none := secret("secret/"+p+"app"), secret("secret/"+p+"none")
	a.put2(p+"app", map[string]any{"n": "1"})
	f := follow(t, open(t, config(server)), q, none)
	f.awaitField(q, "n", "1")
	f.awaitAbsent(none)

	a.delete("secret/data/" + p + "app")
	f.awaitAbsent(q)
	a.write("secret/undelete/"+p+"app", map[string]any{"versions": []int{1}})
	f.awaitField(q, "n", "1")
	a.write("secret/destroy/"+p+"app", map[string]any{"versions": []int{1}})
	f.awaitAbsent(q)
	a.put2(p+"app", map[string]any{"n": "2"})
	f.awaitField(q, "n", "2")
	a.delete("secret/metadata/" + p + "app")
	f.awaitAbsent(q)
}

func TestVersionParameterPinsAVersion(t *testing.T) {
	t.Parallel()
	server, p := testserver.Vault(t), testserver.Prefix(t)
	a := administer(t, server)
	a.put2(p+"app", map[string]any{"n": "1"})
	a.put2(p+"app", map[string]any{"n": "2"})
	newest, first, gone := secret("secret/"+p+"app"), secret("secret/"+p+"app"), secret("secret/"+p+"app")
	first.Options, gone.Options = sources.Options{Params: "version=1"}.Handle(), sources.Options{Params: "version=7"}.Handle()
	bad := first
	bad.Options = sources.Options{Params: "version=%zz"}.Handle()
	f := follow(t, open(t, config(server)), newest, first, gone, bad)
	f.awaitField(newest, "n", "2")
	f.awaitField(first, "n", "1")
	f.awaitAbsent(gone)
	if err := f.awaitFailed(bad); err == nil {
		t.Error("unreadable parameters are taken")
	}
}

func TestNamesAreListedSortedAndPublic(t *testing.T) {
	t.Parallel()
	server, p := testserver.Vault(t), testserver.Prefix(t)
	a := administer(t, server)
	for _, name := range []string{"b", "a", "sub/c"} {
		a.put2(p+name, map[string]any{"n": "1"})
		a.write("kv/"+p+name, map[string]any{"n": "1"})
	}
	want := sources.Names{"a", "b", "sub/"}
	v1, v2, none := names("kv/"+p), names("secret/"+p), names("secret/"+p+"none/")
	f := follow(t, open(t, config(server)), v1, v2, none)
	f.awaitAbsent(none)
	listed := func(q sources.Query, want sources.Names) {
		t.Helper()
		f.await(fmt.Sprint(q, " = ", want), func() bool {
			got, _ := f.values[q].Data.(sources.Names)
			return slices.Equal(got, want)
		})
	}
	for _, q := range []sources.Query{v1, v2} {
		listed(q, want)
		if f.value(q).Tainted {
			t.Errorf("%s is tainted", q)
		}
	}
	a.delete("kv/" + p + "a")
	listed(v1, want[1:])
}

func TestNewSecretEndsTheWaitForItLongBeforeTheRefresh(t *testing.T) {
	t.Parallel()
	server, p := testserver.Vault(t), testserver.Prefix(t)
	a := administer(t, server)
	cfg := config(server)
	cfg.Refresh = 0 // five minutes
	q := secret("secret/" + p + "late")
	f := follow(t, open(t, cfg), q)
	f.awaitAbsent(q)
	a.put2(p+"late", map[string]any{"n": "1"})
	f.awaitField(q, "n", "1")
}

func TestManySecretsArriveInFewUpdates(t *testing.T) {
	t.Parallel()
	server, p := testserver.Vault(t), testserver.Prefix(t)
	a := administer(t, server)
	const n = 200
	queries := make([]sources.Query, n)
	for i := range queries {
		name := fmt.Sprintf("%sk%03d", p, i)
		a.write("kv/"+name, map[string]any{"n": "1"})
		queries[i] = secret("kv/" + name)
	}
	cfg := config(server)
	cfg.Refresh = 0
	f := follow(t, open(t, cfg), queries...)
	f.await("all answers", func() bool { return len(f.values) == n })
	if got := len(f.all()); got > n/4 {
		t.Errorf("%d secrets came in %d updates", n, got)
	}
}

func TestChangeOfTheSetKeepsWhatIsStillWanted(t *testing.T) {
	t.Parallel()
	server, p := testserver.Vault(t), testserver.Prefix(t)
	a := administer(t, server)
	x, same, y := secret("kv/"+p+"x"), secret("/kv/"+p+"x"), secret("kv/"+p+"y")
	a.write("kv/"+p+"x", map[string]any{"n": "1"})
	a.write("kv/"+p+"y", map[string]any{"n": "1"})
	cfg := config(server)
	cfg.Refresh = 0
	f := follow(t, open(t, cfg), x)
	f.awaitField(x, "n", "1")
	a.write("kv/"+p+"x", map[string]any{"n": "2"})
	f.want(x, same, y)
	f.awaitField(y, "n", "1")
	f.awaitField(same, "n", "1") // shares the read of x, which is not due yet
	f.want()
	f.want(x)
	f.awaitField(x, "n", "2")
}
