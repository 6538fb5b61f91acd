package consul

import (
	"cmp"
	"slices"
	"strings"

	"github.com/hashicorp/consul/api"

	"concierge/sources"
)

// instances reads the instances of a service, or of those that speak for it in
// the mesh. Consul itself leaves out those that are not passing; any other
// choice is made here, from all of them.
func (l lookup) instances(health *api.Health, opts *api.QueryOptions) (found, *api.QueryMeta, error) {
	read := health.Service
	if l.kind == sources.Connect {
		read = health.Connect
	}
	passing := l.filter == "" || l.filter == sources.HealthPassing
	entries, meta, err := read(l.path, l.tag, passing, opts)
	if err != nil {
		return found{}, nil, err
	}
	states := strings.Split(l.filter, ",")
	services := make(sources.HealthServices, 0, len(entries))
	for _, e := range entries {
		service := healthService(e)
		if passing || slices.Contains(states, service.Status) || slices.Contains(states, sources.HealthAny) {
			services = append(services, service)
		}
	}
	if l.near == "" {
		slices.SortStableFunc(services, func(a, b *sources.HealthService) int {
			return cmp.Or(strings.Compare(a.Node, b.Node), strings.Compare(a.ID, b.ID))
		})
	}
	return listing(services), meta, nil
}

func healthService(e *api.ServiceEntry) *sources.HealthService {
	checks := healthChecks(e.Checks)
	return &sources.HealthService{
		Node:                   e.Node.Node,
		NodeID:                 e.Node.ID,
		NodeAddress:            e.Node.Address,
		NodeTaggedAddresses:    e.Node.TaggedAddresses,
		NodeMeta:               e.Node.Meta,
		ServiceMeta:            e.Service.Meta,
		Address:                cmp.Or(e.Service.Address, e.Node.Address),
		ServiceTaggedAddresses: taggedAddresses(e.Service.TaggedAddresses),
		ID:                     e.Service.ID,
		Name:                   e.Service.Service,
		Tags:                   tags(e.Service.Tags),
		Checks:                 checks,
		Status:                 checks.AggregatedStatus(),
		Port:                   e.Service.Port,
		Weights:                sources.Weights(e.Service.Weights),
	}
}

// tags sorts a copy. No tags are an empty list, so that JSON made of them is.
func tags(given []string) sources.ServiceTags {
	sorted := append(sources.ServiceTags{}, given...)
	slices.Sort(sorted)
	return sorted
}

func taggedAddresses(given map[string]api.ServiceAddress) map[string]sources.ServiceAddress {
	if given == nil {
		return nil
	}
	addresses := make(map[string]sources.ServiceAddress, len(given))
	for name, a := range given {
		addresses[name] = sources.ServiceAddress(a)
	}
	return addresses
}

func healthChecks(given api.HealthChecks) sources.HealthChecks {
	if given == nil {
		return nil
	}
	checks := make(sources.HealthChecks, len(given))
	for i, c := range given {
		checks[i] = &sources.HealthCheck{
			Node:        c.Node,
			CheckID:     c.CheckID,
			Name:        c.Name,
			Status:      c.Status,
			Notes:       c.Notes,
			Output:      c.Output,
			ServiceID:   c.ServiceID,
			ServiceName: c.ServiceName,
			ServiceTags: c.ServiceTags,
			Type:        c.Type,
			Namespace:   c.Namespace,
			Partition:   c.Partition,
			ExposedPort: c.ExposedPort,
			PeerName:    c.PeerName,
			Definition:  definition(&c.Definition),
			CreateIndex: c.CreateIndex,
			ModifyIndex: c.ModifyIndex,
		}
	}
	return checks
}

func definition(d *api.HealthCheckDefinition) sources.HealthCheckDefinition {
	return sources.HealthCheckDefinition{
		HTTP:                                   d.HTTP,
		Header:                                 d.Header,
		Method:                                 d.Method,
		Body:                                   d.Body,
		TLSServerName:                          d.TLSServerName,
		TLSSkipVerify:                          d.TLSSkipVerify,
		TCP:                                    d.TCP,
		TCPUseTLS:                              d.TCPUseTLS,
		UDP:                                    d.UDP,
		GRPC:                                   d.GRPC,
		OSService:                              d.OSService,
		GRPCUseTLS:                             d.GRPCUseTLS,
		IntervalDuration:                       d.IntervalDuration,
		TimeoutDuration:                        d.TimeoutDuration,
		DeregisterCriticalServiceAfterDuration: d.DeregisterCriticalServiceAfterDuration,
		SessionName:                            d.SessionName,
		Interval:                               sources.ReadableDuration(d.Interval),
		Timeout:                                sources.ReadableDuration(d.Timeout),
		DeregisterCriticalServiceAfter:         sources.ReadableDuration(d.DeregisterCriticalServiceAfter),
	}
}
