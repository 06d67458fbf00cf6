export * from './sync.js';
export * from './tasks.js';
