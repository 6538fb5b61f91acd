package etcd

import (
	"slices"
	"strings"

	"concierge/sources"
)

// service is the record as templates see it. An instance that says nothing of
// its health has no checks, which is passing.
func (r record) service() *sources.HealthService {
	checks := r.checks()
	return &sources.HealthService{
		Node:        r.Node,
		NodeAddress: r.Address,
		ServiceMeta: r.Meta,
		Address:     r.Address,
		ID:          r.Name + "-" + r.ID,
		Name:        r.Name,
		Tags:        sorted(r.Tags),
		Checks:      checks,
		Status:      checks.AggregatedStatus(),
		Port:        r.Port,
		Weights:     sources.Weights{Passing: 1, Warning: 1},
	}
}

func (r record) checks() sources.HealthChecks {
	if r.Health == "" {
		return sources.HealthChecks{}
	}
	id := r.Name + "-" + r.ID
	return sources.HealthChecks{{
		Node: r.Node, CheckID: "service:" + id, Name: "concierge", Status: r.Health, Output: r.Note,
		ServiceID: id, ServiceName: r.Name, ServiceTags: sorted(r.Tags), Type: "ttl",
	}}
}

// sorted returns a sorted copy, which is empty and not nil for no tags, so that
// JSON made of it is a list.
func sorted(tags []string) sources.ServiceTags {
	all := append(sources.ServiceTags{}, tags...)
	slices.Sort(all)
	return all
}

// listed returns the names of the services, sorted, each with the tags of all
// its instances.
func listed(records []record) sources.CatalogServices {
	byName := make(map[string]*sources.CatalogSnippet)
	list := make(sources.CatalogServices, 0)
	for _, r := range records {
		s := byName[r.Name]
		if s == nil {
			s = &sources.CatalogSnippet{Name: r.Name, Tags: sources.ServiceTags{}}
			byName[r.Name] = s
			list = append(list, s)
		}
		s.Tags = append(s.Tags, r.Tags...)
	}
	for _, s := range list {
		slices.Sort(s.Tags)
		s.Tags = slices.Compact(s.Tags)
	}
	slices.SortFunc(list, func(a, b *sources.CatalogSnippet) int { return strings.Compare(a.Name, b.Name) })
	return list
}
