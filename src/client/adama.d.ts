/* What the gateway refused: a code of its protocol, and what it says to people. */
export class AdamaError extends Error {
	readonly code: number;
	constructor(code: number, message?: string);
}

export type Status = 'joining' | 'live' | 'ended';

export interface ClientOptions {
	/* "anonymous:NAME", a JSON Web Token, or a function that yields one; it is asked for each socket. */
	identity?: string | (() => string | Promise<string>);
	/* A constructor, where there is no global one. */
	WebSocket?: unknown;
}

export class Document<View = any> {
	readonly space: string;
	readonly key: string;
	readonly viewer: object;
	readonly status: Status;
	readonly error: AdamaError | null;
	readonly seq: number;
	/* What may be seen now: lists are arrays, 64-bit integers strings.  Never changed, only replaced, and only where something is different. */
	readonly value: View | undefined;
	subscribe(path: string | readonly (string | number)[], callback: (now: any, before: any) => void): () => void;
	listen(callback: (name: string, value: any) => void): () => void;
	/* seq is null when the message had been taken before its answer got lost. */
	send(channel: string, message: object): Promise<{ seq: number | null }>;
	update(viewer: object): Promise<void>;
	close(): void;
}

export class Client {
	readonly status: 'connecting' | 'connected' | 'closed';
	constructor(url?: string, options?: ClientOptions);
	listen(callback: (status: Client['status']) => void): () => void;
	document<View = any>(space: string, key: string, options?: { viewer?: object }): Document<View>;
	create(space: string, key: string, arg?: object): Promise<{}>;
	delete(space: string, key: string): Promise<{}>;
	send(space: string, key: string, channel: string, message: object, dedupe?: string): Promise<{ seq: number }>;
	close(): void;
}

/* The view after a delta, both as they are on the wire; and a view as people use it. */
export function apply(before: unknown, delta: unknown): unknown;
export function plain(view: unknown): any;
