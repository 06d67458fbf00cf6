export * from './history.js';
export * from './links.js';
export * from './reporting.js';
export * from './sync.js';
export * from './tasks.js';
