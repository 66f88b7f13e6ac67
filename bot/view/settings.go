package view

import (
	"strconv"

	"github.com/slack-go/slack"

	"okrbot/okr"
)

// CallbackSettings names the form of a workspace's settings.
const CallbackSettings = "settings"

// Settings is the form of a workspace's settings, as it was typed.
type Settings struct {
	OnTrack    string
	Behind     string
	Hysteresis string
}

// SettingsOf fills the form from a workspace's thresholds.
func SettingsOf(t okr.Thresholds) Settings {
	return Settings{OnTrack: strconv.Itoa(t.OnTrack), Behind: strconv.Itoa(t.Behind), Hysteresis: strconv.Itoa(t.Hysteresis)}
}

// Modal asks for the bounds between the statuses, and shows the channels that others see.
func (s Settings) Modal(draft string, shared ...Audience) slack.ModalViewRequest {
	m := modal(CallbackSettings, "Settings", "Save", draft,
		section("How far a key result may be behind its pace, in points of progress. A point is a hundredth of the way from start to target. This is for all key results of the workspace."),
		textInput("on_track", "On track up to", "Points behind the pace; usually 10.", s.OnTrack),
		textInput("behind", "Behind up to", "Points behind the pace; usually 25. More is at risk.", s.Behind),
		textInput("hysteresis", "Announce a change beyond", "How many points past a bound a value must be before its change is announced; usually 2.", s.Hysteresis))
	m.Blocks.BlockSet = append(m.Blocks.BlockSet, audienceBlocks(shared)...)
	return m
}

// ParseSettings reads the form as it stands.
func ParseSettings(s State) Settings {
	return Settings{OnTrack: s.text("on_track"), Behind: s.text("behind"), Hysteresis: s.text("hysteresis")}
}

// Thresholds are what the form makes, or what is wrong with it.
func (s Settings) Thresholds() (okr.Thresholds, okr.Problems) {
	wrong := okr.Problems{}
	whole := func(field, typed string) int {
		n, err := strconv.Atoi(typed)
		if err != nil {
			wrong[field] = "Enter a whole number of points."
		}
		return n
	}
	t := okr.Thresholds{
		OnTrack: whole("on_track", s.OnTrack), Behind: whole("behind", s.Behind), Hysteresis: whole("hysteresis", s.Hysteresis),
	}
	if len(wrong) > 0 {
		return t, wrong
	}
	return t, t.Check()
}
