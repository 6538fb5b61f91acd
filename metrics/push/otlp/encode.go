package otlp

import (
	"time"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"concierge/metrics"
)

// Field numbers of the messages around metrics.
const (
	requestResources protowire.Number = 1 // ExportMetricsServiceRequest.resource_metrics
	resourceResource protowire.Number = 1 // ResourceMetrics.resource
	resourceScopes   protowire.Number = 2 // ResourceMetrics.scope_metrics
	scopeScope       protowire.Number = 1 // ScopeMetrics.scope
	scopeMetrics     protowire.Number = 2 // ScopeMetrics.metrics
)

// encoder writes the metrics of a request. It is used by one goroutine.
type encoder struct {
	at, since uint64
	body      []byte // Metric messages, each as a field of its scope
	points    int    // in body
}

// begin starts a request of a moment; since is when its sums began.
func (e *encoder) begin(at, since time.Time) {
	e.at, e.since = uint64(at.UnixNano()), 0
	if !since.IsZero() && !since.After(at) {
		e.since = uint64(since.UnixNano()) // else unknown: it was another process
	}
	e.body, e.points = e.body[:0], 0
}

// add writes up to most points of a family as one metric, beginning with a
// sample. It returns the next sample of the family, 0 if there is none.
func (e *encoder) add(f *families, of *family, samples []metrics.Sample, from int32, most int) (next int32) {
	data, since, extra := metricGauge, uint64(0), 0
	if of.kind == metrics.Counter {
		const temporalityAndMonotonic = 4
		data, since, extra = metricSum, e.since, temporalityAndMonotonic
	}
	name := of.path()
	size, n, i := extra, 0, from
	for ; n < most && (n == 0 || i != 0); n++ {
		size += sizeOf(pointSize(&samples[i], since))
		i = f.next[i]
	}
	e.body = appendHead(e.body, scopeMetrics, sizeOf(len(name))+sizeOf(size))
	e.body = appendText(e.body, metricName, name)
	e.body = appendHead(e.body, data, size)
	for range n {
		e.body = appendPoint(e.body, &samples[from], e.at, since)
		from = f.next[from]
	}
	if of.kind == metrics.Counter {
		e.body = appendNumber(appendNumber(e.body, sumTemporality, cumulative), sumMonotonic, 1)
	}
	e.points += n
	return from
}

// head is what stands before the body in a request.
func (e *encoder) head(attributes []*common.KeyValue) ([]byte, error) {
	who, err := proto.Marshal(&resource.Resource{Attributes: attributes})
	if err != nil {
		return nil, err
	}
	scope, err := proto.Marshal(&common.InstrumentationScope{Name: "concierge"})
	if err != nil {
		return nil, err
	}
	scope = appendText(nil, scopeScope, string(scope))
	inner := appendText(nil, resourceResource, string(who))
	inner = append(appendHead(inner, resourceScopes, len(scope)+len(e.body)), scope...)
	return append(appendHead(nil, requestResources, len(inner)+len(e.body)), inner...), nil
}
