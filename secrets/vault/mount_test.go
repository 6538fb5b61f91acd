package vault

import "testing"

func TestMountPathInsertion(t *testing.T) {
	for _, c := range []struct{ path, mount, data, list string }{
		{"secret/app", "secret/", "secret/data/app", "secret/metadata/app"},
		{"secret/a/b", "secret/", "secret/data/a/b", "secret/metadata/a/b"},
		{"secret/data/app", "secret/", "secret/data/app", "secret/metadata/data/app"},
		{"secret/metadata/app", "secret/", "secret/metadata/app", "secret/metadata/app"},
		{"secret/subkeys/app", "secret/", "secret/subkeys/app", "secret/metadata/subkeys/app"},
		{"secret/data", "secret/", "secret/data/data", "secret/metadata/data"},
		{"secret/database", "secret/", "secret/data/database", "secret/metadata/database"},
		{"secret", "secret/", "secret/data", "secret/metadata"},
		{"team/kv/app", "team/kv/", "team/kv/data/app", "team/kv/metadata/app"},
	} {
		if got := dataPath(c.path, c.mount); got != c.data {
			t.Errorf("%s on %s is read at %s, want %s", c.path, c.mount, got, c.data)
		}
		if got := listPath(c.path, c.mount); got != c.list {
			t.Errorf("%s on %s is listed at %s, want %s", c.path, c.mount, got, c.list)
		}
	}
}

func TestMountLookUpIsUnderstood(t *testing.T) {
	version := func(v string) map[string]any { return map[string]any{"version": v} }
	for name, c := range map[string]struct {
		data      map[string]any
		namespace string
		mount     string
		v2        bool
	}{
		"version 2":          {data: map[string]any{"path": "secret/", "type": "kv", "options": version("2")}, mount: "secret/", v2: true},
		"version 1":          {data: map[string]any{"path": "kv/", "type": "kv", "options": version("1")}, mount: "kv/"},
		"no options":         {data: map[string]any{"path": "kv/", "type": "kv", "options": nil}, mount: "kv/"},
		"other engine":       {data: map[string]any{"path": "pki/", "type": "pki", "options": version("2")}, mount: "pki/"},
		"namespace in front": {data: map[string]any{"path": "a/b/secret/", "type": "kv", "options": version("2")}, namespace: "/a/b/", mount: "secret/", v2: true},
		"namespace not there": {
			data:      map[string]any{"path": "secret/", "type": "kv", "options": version("2")},
			namespace: "a", mount: "secret/", v2: true,
		},
		"nothing": {},
	} {
		if got := parseMount(c.data, c.namespace); got.path != c.mount || got.v2 != c.v2 {
			t.Errorf("%s: %+v; want %q, version 2: %v", name, got, c.mount, c.v2)
		}
	}
}

func TestKnownMountsAreFoundByPathElement(t *testing.T) {
	var m mounts
	m.add(mount{path: "secret/", v2: true})
	m.add(mount{path: "team/kv/"})
	for path, want := range map[string]string{
		"secret/app":  "secret/",
		"secret":      "secret/",
		"secretive/a": "",
		"team/kv/a/b": "team/kv/",
		"team/other":  "",
	} {
		if got, ok := m.find(path); got.path != want || ok != (want != "") {
			t.Errorf("mount of %s is %+v, want %q", path, got, want)
		}
	}
	m.forget("secret/")
	if _, ok := m.find("secret/app"); ok {
		t.Error("a forgotten mount is known")
	}
}

func TestMountIsWarnedAboutOnce(t *testing.T) {
	var m mounts
	if !m.firstWarning("a/b") || m.firstWarning("a/c") || !m.firstWarning("b/c") {
		t.Error("want one warning for each first path element")
	}
}

func TestMountMustHoldThePath(t *testing.T) {
	for _, c := range []struct{ mount, path, want string }{
		{"token/", "auth/token/create", "auth/token/"},
		{"secret/", "secret/app", "secret/"},
		{"secret/", "secret", "secret/"},
		{"other/", "secret/app", ""},
	} {
		if got := (mount{path: c.mount}).holding(c.path); got.path != c.want {
			t.Errorf("%s is at %q of %s, want %q", c.path, got.path, c.mount, c.want)
		}
	}
}
