package config

// Origins say where settings were written, by their path in the configuration
// ("templates[2].destination"), for the messages of [Finish].
type Origins map[string]string

// Finish completes and checks a configuration that was not read by [Load] but
// made from the files of another program. The error is of type [Errors].
// Places of settings that are not in from are empty. Relative paths start at
// the working directory. With running, the process is about to be started.
func Finish(c *Config, from Origins, running bool) error {
	c.origins = make(map[string]Origin, len(from))
	for path, place := range from {
		c.origins[path] = Origin{File: place, layer: layerForeign}
	}
	for i, t := range c.Templates {
		if at := templateAt(i) + ".contents"; t.Source == "" && c.origins[at] == (Origin{}) {
			c.origins[at] = c.origin(templateAt(i))
		}
	}
	c.applyDefaults("")
	v := validator{cfg: c, running: running}
	v.all()
	if len(v.errs) > 0 {
		return v.errs.sorted()
	}
	return nil
}
