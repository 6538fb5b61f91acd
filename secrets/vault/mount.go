package vault

import (
	"context"
	"errors"
	"path"
	"strings"
	"sync"

	"github.com/hashicorp/vault/api"

	"concierge/sources"
)

// mount is an engine of Vault. The zero mount is one that nothing is known of.
type mount struct {
	path   string // with its final slash
	engine string // for example "kv"
	v2     bool   // KV version 2
}

// mounts remembers which engine is where. Mounts never nest, so the one that is
// a prefix of a path is the path's mount.
type mounts struct {
	mu     sync.Mutex
	known  map[string]mount // guarded by mu; by path
	warned map[string]bool  // guarded by mu; first path elements
}

// find returns the known mount of a path.
func (m *mounts) find(p string) (found mount, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p += "/"
	for i := range p {
		if p[i] != '/' {
			continue
		}
		if found, ok = m.known[p[:i+1]]; ok {
			return found, true
		}
	}
	return mount{}, false
}

func (m *mounts) add(found mount) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil {
		m.known = make(map[string]mount)
	}
	m.known[found.path] = found
}

// forget makes the next read below the mount look it up again: it may have been
// replaced by one of another version.
func (m *mounts) forget(path string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.known, path)
}

// firstWarning reports whether nobody was warned yet about the path's first
// element, which is the mount in nearly all cases.
func (m *mounts) firstWarning(p string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	first, _, _ := strings.Cut(p, "/")
	if m.warned[first] {
		return false
	}
	if m.warned == nil {
		m.warned = make(map[string]bool)
	}
	m.warned[first] = true
	return true
}

// mountOf finds out the mount of a path. A refused look-up means that nothing is
// known: the path is then used as it is, as consul-template does, and not
// remembered, since another token may know more.
func (s *Source) mountOf(ctx context.Context, client *api.Client, p string) (mount, error) {
	if known, ok := s.mounts.find(p); ok {
		return known, nil
	}
	answer, err := client.Logical().ReadWithContext(ctx, "sys/internal/ui/mounts/"+p)
	if err != nil {
		err = s.hints.explain("looking up the mount of "+p, err)
		if !refused(err) {
			return mount{}, err
		}
	}
	var found mount
	if err == nil && answer != nil {
		found = parseMount(answer.Data, client.Namespace()).holding(p)
	}
	if found.path == "" {
		if !errors.Is(err, sources.ErrDenied) && s.mounts.firstWarning(p) { // a denied token is told by the read itself
			s.log.Warn("mount not found, its secrets are taken as KV version 1", "path", p, "error", err)
		}
		return mount{}, nil
	}
	s.mounts.add(found)
	return found, nil
}

// parseMount reads the answer of Vault's mount look-up. Enterprise puts the
// namespace in front of the mount, which the client's own header already names.
func parseMount(data map[string]any, namespace string) (m mount) {
	m.path, _ = data["path"].(string)
	if namespace != "" {
		m.path = strings.TrimPrefix(m.path, strings.Trim(namespace, "/")+"/")
	}
	if m.path != "" && !strings.HasSuffix(m.path, "/") {
		m.path += "/"
	}
	options, _ := data["options"].(map[string]any)
	version, _ := options["version"].(string)
	m.engine, _ = data["type"].(string)
	m.v2 = version == "2" && (m.isKV() || m.engine == "")
	return m
}

// holding returns the mount if p is below it. Vault names the mounts of login
// methods without the "auth/" that their paths begin with.
func (m mount) holding(p string) mount {
	if auth := "auth/" + m.path; strings.HasPrefix(p+"/", auth) {
		m.path = auth
	}
	if !strings.HasPrefix(p+"/", m.path) {
		return mount{}
	}
	return m
}

// isKV reports whether the mount keeps what is written to it.
func (m mount) isKV() bool { return m.engine == "kv" || m.engine == "generic" }

// dataPath is where a KV version 2 mount keeps what a template calls p.
func dataPath(p, mount string) string { return insert(p, mount, "data", "metadata", "subkeys") }

// listPath is where a KV version 2 mount lists the names below p.
func listPath(p, mount string) string { return insert(p, mount, "metadata") }

// insert puts part behind the mount, unless part or one of the others stands
// there already: the user knows the API then.
func insert(p, mount, part string, others ...string) string {
	rest := strings.TrimPrefix(p, mount)
	if rest+"/" == mount {
		rest = ""
	}
	for _, known := range append(others, part) {
		if strings.HasPrefix(rest, known+"/") {
			return p
		}
	}
	return path.Join(mount, part, rest)
}

// withdrawn reports whether the secret is a version that was deleted or
// destroyed.
func withdrawn(secret *api.Secret) bool {
	metadata, _ := secret.Data["metadata"].(map[string]any)
	if destroyed, _ := metadata["destroyed"].(bool); destroyed {
		return true
	}
	until, set := deletionTime(secret)
	return set && until <= 0
}
