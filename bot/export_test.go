package bot

import (
	"maps"
	"slices"
)

// ReadDelivery reads a body as every door does.
func ReadDelivery(body []byte) {
	for _, decode := range []decoder{commandForm, interactionForm, eventBody} {
		_, _ = decode(body)
	}
}

// Routes are the ids that somebody answers to: what can be pressed, submitted and asked.
func Routes() (pressed, submitted, asked []string) {
	return slices.Collect(maps.Keys(actions)), slices.Collect(maps.Keys(submits)), slices.Collect(maps.Keys(queries))
}
