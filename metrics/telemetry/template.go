package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Rendering is what became of one execution of a template.
type Rendering string

// The renderings. Each execution whose data is complete is counted as one of
// them.
const (
	RenderChanged   Rendering = "changed"
	RenderUnchanged Rendering = "unchanged"
	RenderRefused   Rendering = "check_failed" // changed, and a check did not accept it
	RenderFailed    Rendering = "error"
)

// TemplateStage says how far a template is.
type TemplateStage string

// The stages.
const (
	TemplateRendered TemplateStage = "rendered"
	TemplateWaiting  TemplateStage = "waiting" // for data
	TemplateFailed   TemplateStage = "failed"  // it, or its guard
)

// templateMetrics are about what is rendered.
type templateMetrics struct {
	states, changed, missing, size, certificate *prometheus.GaugeVec
	renders                                     *prometheus.CounterVec
	took                                        *prometheus.HistogramVec
}

func newTemplateMetrics(m *maker) templateMetrics {
	t := templateMetrics{
		states:      m.gauge("concierge_templates", "Templates by state: rendered, waiting (for data) or failed.", "state"),
		renders:     m.counter("concierge_template_renders_total", "Executions with complete data by result: changed, unchanged, check_failed (changed, but refused by a check) or error.", "template", "result"),
		took:        m.histogram("concierge_template_render_duration_seconds", "Time of one execution.", nil, "template"),
		changed:     m.gauge("concierge_template_last_change_timestamp_seconds", "When a new version was put in place last, in seconds since 1970; 0 if none was.", "template"),
		missing:     m.gauge("concierge_template_missing_dependencies", "Keys and secrets that the template waits for.", "template"),
		size:        m.gauge("concierge_template_output_bytes", "Size of the last output.", "template"),
		certificate: m.gauge("concierge_cert_not_after_timestamp_seconds", "When the first certificate in the output ends, in seconds since 1970; only of outputs whose format is pem or pem-pair.", "template"),
	}
	for _, state := range []TemplateStage{TemplateRendered, TemplateWaiting, TemplateFailed} {
		t.states.WithLabelValues(string(state))
	}
	return t
}

func (t templateMetrics) begin(name string) {
	for _, r := range []Rendering{RenderChanged, RenderUnchanged, RenderRefused, RenderFailed} {
		t.renders.WithLabelValues(name, string(r))
	}
	t.took.WithLabelValues(name)
	for _, g := range []*prometheus.GaugeVec{t.changed, t.missing, t.size} {
		g.WithLabelValues(name)
	}
}

// Executed notes how long an execution took, whatever came of it.
func (t *Telemetry) Executed(template string, took time.Duration) {
	if t == nil {
		return
	}
	if name, known := t.templates.label(template); known {
		t.render.took.WithLabelValues(name).Observe(took.Seconds())
	}
}

// Rendered notes what became of an execution.
func (t *Telemetry) Rendered(template string, r Rendering) {
	if t == nil {
		return
	}
	if name, known := t.templates.label(template); known {
		t.render.renders.WithLabelValues(name, string(r)).Inc()
	}
}

// Placed notes that a new version of an output was put in place.
func (t *Telemetry) Placed(template string, at time.Time) {
	if t == nil {
		return
	}
	if name, known := t.templates.label(template); known {
		t.render.changed.WithLabelValues(name).Set(unix(at))
	}
}

// TemplateState is how a template is.
type TemplateState struct {
	Name     string
	Stage    TemplateStage
	Missing  int
	Bytes    int
	NotAfter time.Time // of the first certificate that ends; zero: none
}

// Templates notes how all templates are. Those that share a label are added up;
// of their certificates the first one that ends counts.
func (t *Telemetry) Templates(states []TemplateState) {
	if t == nil {
		return
	}
	stages := map[TemplateStage]int{TemplateRendered: 0, TemplateWaiting: 0, TemplateFailed: 0}
	sums := make(map[string]TemplateState, min(len(states), maxOwn+1))
	for _, s := range states {
		if _, known := stages[s.Stage]; known {
			stages[s.Stage]++
		}
		name, known := t.templates.label(s.Name)
		if !known {
			continue
		}
		sum := sums[name]
		sum.Missing += s.Missing
		sum.Bytes += s.Bytes
		if sum.NotAfter.IsZero() || !s.NotAfter.IsZero() && s.NotAfter.Before(sum.NotAfter) {
			sum.NotAfter = s.NotAfter
		}
		sums[name] = sum
	}
	for stage, count := range stages {
		t.render.states.WithLabelValues(string(stage)).Set(float64(count))
	}
	for name, sum := range sums {
		t.render.state(name, sum)
	}
}

func (t templateMetrics) state(name string, sum TemplateState) {
	t.missing.WithLabelValues(name).Set(float64(sum.Missing))
	t.size.WithLabelValues(name).Set(float64(sum.Bytes))
	if sum.NotAfter.IsZero() {
		t.certificate.DeleteLabelValues(name)
		return
	}
	t.certificate.WithLabelValues(name).Set(unix(sum.NotAfter))
}
