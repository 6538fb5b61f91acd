package consultemplate

import (
	"fmt"
	"slices"
	"strings"
	"syscall"

	"concierge/internal/config"
	"concierge/internal/config/hclfile"
	"concierge/internal/exit"
	"concierge/secrets"
)

// logName is the file in a directory that was given as the path of a log.
const logName = "consul-template.log"

// translator makes a configuration of a whole document.
type translator struct {
	Translator
	doc       *Document
	dry       bool
	variables []secrets.Text // what every process gets
}

// loaded completes and checks the configuration.
func (t *translator) loaded() (*Loaded, error) {
	t.level()
	t.FillIn(t.doc)
	t.variables = storeVariables(&t.doc.Common)
	if err := t.Level(t.doc.LogLevel); err != nil {
		return nil, exit.With(exit.Config, err)
	}
	t.all()
	if err := t.sources(); err != nil {
		return nil, exit.With(exit.Failed, err)
	}
	if err := config.Finish(t.Config, t.Origins, true); err != nil {
		return nil, exit.With(exit.Failed, err)
	}
	return &Loaded{
		Config: t.Config, Once: t.doc.Once.V, Dry: t.dry, ParseOnly: t.doc.ParseOnly.V,
		KillSignal: syscall.Signal(t.doc.KillSignal.V), Warnings: t.Warnings,
	}, nil
}

// level takes the level of the log from the environment if nothing gives it.
func (t *translator) level() {
	if t.doc.LogLevel.Given() {
		return
	}
	t.doc.LogLevel = hclfile.Of("warn", "default")
	for _, name := range []string{"CONSUL_TEMPLATE_LOG_LEVEL", "CONSUL_TEMPLATE_LOG", "CT_LOG"} {
		if text := strings.TrimSpace(t.env[name]); text != "" {
			t.doc.LogLevel = hclfile.Of(text, name)
		}
	}
}

func (t *translator) all() {
	doc, cfg := t.doc, t.Config
	t.Common(&doc.Common)
	t.Syslog(doc.Syslog, "consul-template")
	t.Process(&doc.Exec, t.variables)
	t.logFile(doc.LogFile)
	cfg.DryRun = t.dry
	cfg.Sources.Consul.QueryWait = doc.BlockQueryWait.V
	cfg.FailOnMissing = doc.ErrOnFailedLookup.V
	cfg.Delimiters = config.Delimiters{Left: doc.Delimiters.Left.V, Right: doc.Delimiters.Right.V}
	for i := range doc.Templates {
		in := &doc.Templates[i]
		if !in.ErrorFatal.Given() {
			in.ErrorFatal = doc.TemplateErrorFatal
		}
		cfg.Templates = append(cfg.Templates, t.template(i, in))
	}
}

func (t *translator) logFile(f LogFile) {
	if f.Path.V == "" {
		return
	}
	path := f.Path.V
	if strings.HasSuffix(path, "/") {
		path += logName
	}
	t.Config.Log.File = &config.LogFile{
		Path: path, RotateBytes: f.RotateBytes.V, RotateInterval: f.RotateDuration.V, MaxFiles: f.RotateMaxFiles.V,
	}
}

// sources checks that every template has exactly one source.
func (t *translator) sources() error {
	var errs config.Errors
	for i, in := range t.doc.Templates {
		both, none := in.Source.V != "" && in.Contents.V != "", in.Source.V == "" && in.Contents.V == ""
		if !both && !none {
			continue
		}
		e := &config.Error{
			Origin: config.Origin{File: in.At}, Path: fmt.Sprintf("template[%d]", i),
			Reason: "has neither source nor contents", Hint: "add source, the path of the template",
		}
		if both {
			e.Reason, e.Hint = "has both source and contents", "keep one of them"
		}
		errs = append(errs, e)
	}
	if len(errs) > 0 {
		return errs
	}
	return nil
}

// Translate translates what is written, without defaults, environment variables
// and the checks of [config.Finish].
func (d *Document) Translate() (cfg *config.Config, warnings []string, err error) {
	doc := *d
	doc.Templates = slices.Clone(d.Templates)
	t := translator{Translator: NewTranslator(nil, false), doc: &doc}
	t.Warnings = doc.forget()
	t.level()
	if err := t.Level(doc.LogLevel); err != nil {
		return nil, nil, err
	}
	t.all()
	if err := t.sources(); err != nil {
		return nil, nil, err
	}
	return t.Config, t.Warnings, nil
}
