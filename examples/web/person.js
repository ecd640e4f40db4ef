// Who sits in front of this tab: asked once, kept as long as the tab is open, so that two tabs are two people.
export function whoIsThere(form) {
	const known = sessionStorage.getItem('name') ?? new URLSearchParams(location.search).get('name');
	if (known) {
		sessionStorage.setItem('name', known);
		form.hidden = true;
		return Promise.resolve(known);
	}
	form.hidden = false;
	form.elements.name.focus();
	return new Promise((resolve) => {
		form.addEventListener('submit', (event) => {
			event.preventDefault();
			const name = form.elements.name.value.trim();
			if (name === '')
				return;
			sessionStorage.setItem('name', name);
			form.hidden = true;
			resolve(name);
		});
	});
}

// Shows how the document is doing.
export function showStatus(document, element) {
	const words = {joining: 'connecting …', live: 'live', ended: 'closed'};
	const show = () => {
		element.dataset.status = document.status;
		element.textContent = document.error ? document.error.message : words[document.status];
	};
	document.listen((name) => name === 'status' && show());
	show();
}
