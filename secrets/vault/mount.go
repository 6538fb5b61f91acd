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

// mounts remembers which mounts are KV version 2. Mounts never nest, so the one
// that is a prefix of a path is the path's mount.
type mounts struct {
	mu     sync.Mutex
	v2     map[string]bool // guarded by mu; by mount path with its final slash
	warned map[string]bool // guarded by mu; first path elements
}

// find returns the known mount of a path.
func (m *mounts) find(p string) (mount string, v2, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p += "/"
	for i := range p {
		if p[i] != '/' {
			continue
		}
		if v2, ok = m.v2[p[:i+1]]; ok {
			return p[:i+1], v2, true
		}
	}
	return "", false, false
}

func (m *mounts) add(mount string, v2 bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.v2 == nil {
		m.v2 = make(map[string]bool)
	}
	m.v2[mount] = v2
}

// forget makes the next read below the mount look it up again: it may have been
// replaced by one of another version.
func (m *mounts) forget(mount string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.v2, mount)
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
func (s *Source) mountOf(ctx context.Context, p string) (mount string, v2 bool, err error) {
	if mount, v2, ok := s.mounts.find(p); ok {
		return mount, v2, nil
	}
	found, err := s.client.Logical().ReadWithContext(ctx, "sys/internal/ui/mounts/"+p)
	if err != nil {
		err = s.hints.explain("looking up the mount of "+p, err)
		if !refused(err) {
			return "", false, err
		}
	}
	if err == nil && found != nil {
		mount, v2 = parseMount(found.Data, s.client.Namespace())
	}
	if mount == "" {
		if !errors.Is(err, sources.ErrDenied) && s.mounts.firstWarning(p) { // a denied token is told by the read itself
			s.log.Warn("mount not found, its secrets are read as KV version 1", "path", p, "error", err)
		}
		return "", false, nil
	}
	s.mounts.add(mount, v2)
	return mount, v2, nil
}

// parseMount reads the answer of Vault's mount look-up. Enterprise puts the
// namespace in front of the mount, which the client's own header already names.
func parseMount(data map[string]any, namespace string) (mount string, v2 bool) {
	mount, _ = data["path"].(string)
	if namespace != "" {
		mount = strings.TrimPrefix(mount, strings.Trim(namespace, "/")+"/")
	}
	if mount != "" && !strings.HasSuffix(mount, "/") {
		mount += "/"
	}
	options, _ := data["options"].(map[string]any)
	version, _ := options["version"].(string)
	kind, _ := data["type"].(string)
	return mount, version == "2" && (kind == "kv" || kind == "generic" || kind == "")
}

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
