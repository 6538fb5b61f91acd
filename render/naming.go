package render

import (
	"cmp"
	"fmt"
	"strings"

	"concierge/sources"
)

// Names of sources with rules of their own.
const (
	consul = "consul" // keys have consul-template's query grammar
	etcd   = "etcd"   // has services, too
	vault  = "vault"  // the one store of secrets
	local  = "local"  // files of this machine
)

// Naming says which source a path in a template names: "etcd:app/port" asks
// the source etcd, "app/port" the default one.
type Naming struct {
	// Default is the source of a path without a name. Empty means consul
	// while Known is nil, and that there is none otherwise.
	Default string
	// Catalog is the source that service and services ask when they name none;
	// empty means consul.
	Catalog string
	// Known reports whether name is reserved for a source and whether that
	// source is configured. Text before a path's first colon counts as a name
	// only if it is reserved, and a leading slash keeps even that literal, so
	// existing keys with colons keep their meaning. A nil Known reserves
	// nothing, as in consul-template.
	Known func(name string) (configured, reserved bool)
}

// Query returns what path asks for as the given kind, in the grammar of that
// kind. Its errors are for people and end with a hint. It does not know kinds
// that need more than a path: SecretWrite and PKICertificate.
func (n Naming) Query(kind sources.Kind, path string) (sources.Query, error) {
	switch {
	case kind == sources.File:
		return fileQuery(path)
	case kind == sources.Secret || kind == sources.SecretList:
		return n.secretQuery(kind, path)
	case isCatalog(kind):
		return n.catalogQuery(kind, path)
	}
	source, path, err := n.split(path)
	if err != nil {
		return sources.Query{}, err
	}
	if source == consul {
		return consulQuery(kind, path)
	}
	return plainQuery(source, kind, path)
}

// split separates the source's name from the rest of a key or prefix.
func (n Naming) split(path string) (source, rest string, err error) {
	if name, rest, ok := strings.Cut(path, ":"); ok && n.Known != nil {
		configured, reserved := n.Known(name)
		switch {
		case !reserved:
		case name == vault:
			return "", "", hint(fmt.Errorf("%q names vault, which has secrets instead of keys", path),
				`use {{ secret "`+rest+`" }}`)
		case !configured:
			return "", "", hint(fmt.Errorf("%q names the source %s, which is not configured", path, name),
				"configure sources."+name+", or write /"+path+" if the colon belongs to the key")
		default:
			return name, rest, nil
		}
	}
	switch {
	case n.Default != "":
		return n.Default, path, nil
	case n.Known == nil:
		return consul, path, nil
	}
	return "", "", hint(fmt.Errorf("%q has no source to look in", path), "set sources.default")
}

func (n Naming) secretQuery(kind sources.Kind, path string) (sources.Query, error) {
	path, err := n.secretPath(path)
	if err != nil {
		return sources.Query{}, err
	}
	return vaultQuery(kind, path)
}

// secretPath takes the store's name off a path.
func (n Naming) secretPath(path string) (string, error) {
	if n.Known == nil {
		return path, nil
	}
	path = strings.TrimPrefix(path, vault+":")
	if configured, _ := n.Known(vault); !configured {
		return "", hint(fmt.Errorf("secret path %q needs vault, which is not configured", path),
			"configure secrets.vault")
	}
	return path, nil
}

// catalogQuery asks a store with a service catalogue. Only Consul has all of it.
func (n Naming) catalogQuery(kind sources.Kind, text string) (sources.Query, error) {
	source, rest := n.catalog(kind, text)
	if n.Known != nil {
		if configured, _ := n.Known(source); !configured {
			return sources.Query{}, hint(fmt.Errorf("%s %q needs %s, which is not configured", kind, text, source),
				"configure sources."+source)
		}
	}
	q, err := catalogQuery(kind, rest)
	q.Source = source
	return q, err
}

// catalog separates the source's name from the rest of a query about services.
// A tag may have colons, so only the stores that know services are names there.
func (n Naming) catalog(kind sources.Kind, text string) (source, rest string) {
	if kind != sources.Service && kind != sources.ServiceList {
		return consul, text
	}
	if name, rest, ok := strings.Cut(text, ":"); ok && n.Known != nil && (name == consul || name == etcd) {
		if _, reserved := n.Known(name); reserved {
			return name, rest
		}
	}
	return cmp.Or(n.Catalog, consul), text
}
