package bot

// ReadDelivery reads a body as every door does.
func ReadDelivery(body []byte) {
	for _, decode := range []decoder{commandForm, interactionForm, eventBody} {
		_, _ = decode(body)
	}
}
