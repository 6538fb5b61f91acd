package telemetry

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
)

// Build is which concierge this is.
type Build struct{ Version, Revision, GoVersion string }

// Inventory is what the configuration in force has. Names are labels.
type Inventory struct {
	Sources   []Source
	Templates []string // the order decides which are the first hundred
	Checks    []string
	Endpoints []string // of the application's metrics
	Targets   []string // that metrics are delivered to
	Process   bool     // there is one
}

// Source is a store.
type Source struct{ Name, Kind string }

// Telemetry has all metrics of one instance.
type Telemetry struct {
	*maker
	sources, templates, checks, endpoints, targets names

	config configMetrics
	source sourceMetrics
	secret secretMetrics
	render templateMetrics
	change changeMetrics
	child  childMetrics
	health healthMetrics
	scrape scrapeMetrics
	push   pushMetrics
}

// New returns a Telemetry that knows no names yet.
func New(b Build) *Telemetry {
	m := newMaker()
	t := &Telemetry{maker: m}
	m.gauge("concierge_build_info", "Which concierge this is; always 1.", "version", "revision", "go_version").
		WithLabelValues(b.Version, b.Revision, b.GoVersion).Set(1)
	t.config = newConfigMetrics(m)
	t.source = newSourceMetrics(m)
	t.secret = newSecretMetrics(m)
	t.render = newTemplateMetrics(m)
	t.change = newChangeMetrics(m)
	t.child = newChildMetrics(m)
	t.health = newHealthMetrics(m)
	t.scrape = newScrapeMetrics(m)
	t.push = newPushMetrics(m)
	m.registry.MustRegister(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewGoCollector())
	m.foreign(Counter, "process_cpu_seconds_total", "Processor time that concierge itself has used.")
	m.foreign(Gauge, "process_resident_memory_bytes", "Memory of concierge itself.")
	m.foreign(Gauge, "process_open_fds", "Open files of concierge itself.")
	m.foreign(Gauge, "process_start_time_seconds", "When concierge was started, in seconds since 1970.")
	m.foreign(Gauge, "go_goroutines", "Goroutines of concierge itself.")
	return t
}

// Configure makes these the names there are. What is new begins at 0, what
// stays goes on, what is gone disappears.
func (t *Telemetry) Configure(inv Inventory) {
	if t == nil {
		return
	}
	kinds := make(map[string]string, len(inv.Sources))
	var sources []string
	for _, s := range inv.Sources {
		kinds[s.Name] = s.Kind
		sources = append(sources, s.Name)
	}
	t.adopt("source", &t.sources, sources, func(name string) {
		t.source.begin(name, kinds[name])
		t.secret.begin(name, kinds[name])
	})
	t.adopt("template", &t.templates, inv.Templates, t.render.begin)
	t.adopt("check", &t.checks, inv.Checks, func(string) {})
	t.adopt("endpoint", &t.endpoints, inv.Endpoints, t.scrape.begin)
	t.adopt("target", &t.targets, inv.Targets, t.push.begin)
	t.change.begin()
	if inv.Process {
		t.child.begin()
	}
}

// adopt replaces the names of one kind.
func (t *Telemetry) adopt(label string, n *names, all []string, begin func(name string)) {
	fresh, gone := n.replace(all)
	for _, name := range gone {
		t.forget(label, name)
	}
	for _, name := range fresh {
		begin(name)
	}
}

// The bounds of scrapes.
const (
	scrapesAtOnce = 4
	scrapeTimeout = 10 * time.Second
)

// Handler answers with all metrics, in the text format of Prometheus or as
// OpenMetrics, whichever the client asks for.
func (t *Telemetry) Handler(log *slog.Logger) http.Handler {
	return promhttp.HandlerFor(prometheus.GathererFunc(t.gather), promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn), ErrorHandling: promhttp.ContinueOnError,
		MaxRequestsInFlight: scrapesAtOnce, Timeout: scrapeTimeout, EnableOpenMetrics: true,
	})
}

// gather returns the metrics that are listed: the runtime has many more.
func (t *Telemetry) gather() ([]*dto.MetricFamily, error) {
	all, err := t.registry.Gather()
	listed := make(map[string]bool, len(t.infos))
	for _, i := range t.infos {
		listed[i.Name] = true
	}
	kept := all[:0]
	for _, family := range all {
		if listed[family.GetName()] {
			kept = append(kept, family)
		}
	}
	return kept, err
}
