package etcd

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"concierge/sources"
)

// record is what an instance of a service says of itself, at
// <namespace>/v1/services/<name>/<instance>. docs/discovery.md has the format.
type record struct {
	ID      string            `json:"id"`
	Name    string            `json:"name"`
	Node    string            `json:"node"`
	Address string            `json:"address"`
	Port    int               `json:"port"`
	Tags    []string          `json:"tags"`
	Meta    map[string]string `json:"meta"`
	Health  string            `json:"health"`
	Note    string            `json:"note"`
}

func servicesOf(namespace string) string {
	namespace = strings.Trim(namespace, "/")
	if namespace == "" {
		return ""
	}
	return namespace + "/v1/services/"
}

// segment returns a name as the one part of a key that it is in the records.
func segment(name string) string {
	if name == "." || name == ".." {
		return strings.ReplaceAll(name, ".", "%2E")
	}
	return url.PathEscape(name)
}

// unlisted returns why a query about services can never be answered, or nil.
func (s *Source) unlisted(q sources.Query) error {
	o := q.Opts()
	_, err := choiceOf(q)
	switch {
	case s.services == "":
		return fmt.Errorf("reading %s: etcd shows the services of a cluster, and there is none (set cluster.service; its instances register with cluster.register)", q)
	case o.Datacenter != "" || o.Namespace != "" || o.Partition != "":
		return fmt.Errorf("reading %s: the services on etcd are those of one namespace (leave out data centre, ns and partition; see cluster.namespace)", q)
	case q.Kind == sources.Service && q.Path == "":
		return fmt.Errorf("reading %s: the service is missing (name it)", q)
	case err != nil:
		return fmt.Errorf("reading %s: %w (leave it out)", q, err)
	}
	return nil
}

// choice says which instances of a service are wanted.
type choice struct {
	tag    string
	states []string // of the filter; empty is passing
}

func choiceOf(q sources.Query) (c choice, err error) {
	params, err := url.ParseQuery(q.Opts().Params)
	if err != nil {
		return c, err
	}
	for name := range params {
		switch value := params.Get(name); name {
		case sources.ParamTag:
			c.tag = value
		case sources.ParamFilter:
			c.states = strings.Split(value, ",")
		default:
			return c, fmt.Errorf("the services on etcd know nothing of %q", name)
		}
	}
	return c, nil
}

// takes reports whether an instance is wanted. As in Consul, the case of a tag
// says nothing.
func (c choice) takes(s *sources.HealthService) bool {
	if c.tag != "" && !slices.ContainsFunc(s.Tags, func(tag string) bool { return strings.EqualFold(tag, c.tag) }) {
		return false
	}
	if len(c.states) == 0 {
		return s.Status == sources.HealthPassing
	}
	return slices.Contains(c.states, sources.HealthAny) || slices.Contains(c.states, s.Status)
}

// services answers a query about services from their records. One that cannot
// be read hides one instance, and is said.
func (m *mirror) services(q sources.Query, pairs sources.Pairs) sources.Value {
	records := m.records(pairs)
	if q.Kind == sources.ServiceList {
		return listing(listed(records))
	}
	c, _ := choiceOf(q) // a query with an error is not answered
	found := make(sources.HealthServices, 0, len(records))
	for _, r := range records {
		if s := r.service(); c.takes(s) {
			found = append(found, s)
		}
	}
	slices.SortStableFunc(found, func(a, b *sources.HealthService) int {
		return cmp.Or(strings.Compare(a.Node, b.Node), strings.Compare(a.ID, b.ID))
	})
	return listing(found)
}

func (m *mirror) records(pairs sources.Pairs) []record {
	records := make([]record, 0, len(pairs))
	for _, p := range pairs {
		r, err := parseRecord(p)
		if err != nil {
			m.leaveOut(p, err)
			continue
		}
		records = append(records, r)
	}
	return records
}

// leaveOut says once of each version of a record that it cannot be read.
func (m *mirror) leaveOut(p sources.KeyPair, err error) {
	if m.said[p.Path] != p.ModifyIndex {
		m.said[p.Path] = p.ModifyIndex
		m.log.Warn("a record of a service is left out", "error", err)
	}
}

// listing is the answer that holds a list. An empty one does not exist.
func listing[T ~[]E, E any](items T) sources.Value {
	if len(items) == 0 {
		return sources.Value{}
	}
	return sources.Value{Exists: true, Data: items}
}

var errNameless = errors.New("it needs an id and a name")

func parseRecord(p sources.KeyPair) (r record, err error) {
	err = json.Unmarshal([]byte(p.Value), &r)
	if err == nil && (r.ID == "" || r.Name == "") {
		err = errNameless
	}
	if err != nil {
		return r, fmt.Errorf("reading the record services/%s: %w", p.Path, err)
	}
	return r, nil
}
