package otlp

import (
	"time"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	wire "go.opentelemetry.io/proto/otlp/metrics/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"concierge/metrics"
)

// Field numbers of the messages around the points, which are written piece by
// piece: as one tree of objects 34,000 points would take 30 MB.
const (
	requestResources  = 1 // ExportMetricsServiceRequest.resource_metrics
	resourceResource  = 1 // ResourceMetrics.resource
	resourceScopes    = 2 // ResourceMetrics.scope_metrics
	scopeScope        = 1 // ScopeMetrics.scope
	scopeMetrics      = 2 // ScopeMetrics.metrics
	pointsInOneObject = 256
)

// encoder writes the metrics of a request. It is used by one goroutine.
type encoder struct {
	at, since uint64
	body      []byte // Metric messages, each with its tag
	points    int    // in body

	metric wire.Metric
	batch  []*wire.NumberDataPoint // made once
	used   int
}

// begin starts a request of a moment; since is when its sums began.
func (e *encoder) begin(at, since time.Time) {
	e.at, e.since = uint64(at.UnixNano()), 0
	if !since.IsZero() && !since.After(at) {
		e.since = uint64(since.UnixNano()) // else unknown: it was another process
	}
	e.body, e.points = e.body[:0], 0
}

// add writes points of a family, beginning with a sample, until the request has
// limit points; 0 is no limit. It returns the next sample of the family, 0 if
// there is none.
func (e *encoder) add(f *families, of *family, samples []metrics.Sample, from int32, limit int) (int32, error) {
	for more := true; more; {
		if limit > 0 && e.points >= limit {
			return from, nil
		}
		s := &samples[from]
		e.point(s, s.Kind == metrics.Counter)
		e.points++
		from = f.next[from]
		if more = from != 0; !more || e.used == pointsInOneObject || limit > 0 && e.points >= limit {
			if err := e.flush(of); err != nil {
				return 0, err
			}
		}
	}
	return 0, nil
}

// point fills the next point of the batch.
func (e *encoder) point(s *metrics.Sample, sum bool) {
	if e.used == len(e.batch) {
		e.batch = append(e.batch, &wire.NumberDataPoint{Value: new(wire.NumberDataPoint_AsDouble)})
	}
	p := e.batch[e.used]
	e.used++
	p.TimeUnixNano, p.StartTimeUnixNano = e.at, 0
	if sum {
		p.StartTimeUnixNano = e.since
	}
	p.Value.(*wire.NumberDataPoint_AsDouble).AsDouble = s.Value
	have := p.Attributes[:cap(p.Attributes)]
	p.Attributes = p.Attributes[:0]
	for i := range s.Labels {
		if i < len(have) && have[i] != nil {
			p.Attributes = append(p.Attributes, have[i])
		} else {
			p.Attributes = append(p.Attributes, attribute("", ""))
		}
		a := p.Attributes[i]
		a.Key = valid(s.Labels[i].Name)
		a.Value.Value.(*common.AnyValue_StringValue).StringValue = valid(s.Labels[i].Value)
	}
}

// flush writes the batch as one metric.
func (e *encoder) flush(of *family) error {
	e.metric.Name = valid(of.name)
	if of.field != "" {
		e.metric.Name += "." + valid(of.field)
	}
	points := e.batch[:e.used]
	e.used = 0
	if of.kind == metrics.Counter {
		e.metric.Data = &wire.Metric_Sum{Sum: &wire.Sum{
			DataPoints: points, IsMonotonic: true, AggregationTemporality: wire.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE,
		}}
	} else {
		e.metric.Data = &wire.Metric_Gauge{Gauge: &wire.Gauge{DataPoints: points}}
	}
	e.body = protowire.AppendTag(e.body, scopeMetrics, protowire.BytesType)
	e.body = protowire.AppendVarint(e.body, uint64(proto.Size(&e.metric)))
	var err error
	e.body, err = proto.MarshalOptions{UseCachedSize: true}.MarshalAppend(e.body, &e.metric)
	return err
}

// forget drops what refers to samples.
func (e *encoder) forget() {
	e.metric.Reset()
	for _, p := range e.batch {
		for _, a := range p.Attributes[:cap(p.Attributes)] {
			if a != nil {
				a.Key = ""
				a.Value.Value.(*common.AnyValue_StringValue).StringValue = ""
			}
		}
	}
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
	scoped := field(nil, scopeScope, scope)
	around := field(nil, resourceResource, who)
	around = protowire.AppendTag(around, resourceScopes, protowire.BytesType)
	around = protowire.AppendVarint(around, uint64(len(scoped)+len(e.body)))
	around = append(around, scoped...)
	head := protowire.AppendTag(nil, requestResources, protowire.BytesType)
	head = protowire.AppendVarint(head, uint64(len(around)+len(e.body)))
	return append(head, around...), nil
}

func field(b []byte, number protowire.Number, message []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, number, protowire.BytesType), message)
}
