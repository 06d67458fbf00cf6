# The worker, and every other verb: docker build -t taskmirror .

FROM node:24-bookworm-slim AS base
WORKDIR /app
COPY package.json package-lock.json ./

FROM base AS build
# No script of a package is needed to compile.
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts
COPY tsconfig.json ./
COPY src ./src
RUN npm run build

FROM base AS dependencies
# What is optional is the embedded PostgreSQL, for tries on a person's own machine.
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --omit=optional --ignore-scripts

FROM node:24-bookworm-slim
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="taskmirror" \
      org.opencontainers.image.description="Keeps a Postgres mirror of the tasks in Invoiced and FreshBooks, in both directions" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.base.name="docker.io/library/node:24-bookworm-slim"
ENV NODE_ENV=production
WORKDIR /app
# The files stay root's: the user that runs them can't change them. The folders are for volumes, which take over their owner.
RUN ln -s /app/dist/main.js /usr/local/bin/taskmirror \
 && install -d -o 1000 -g 1000 /secrets/worker /secrets/database /sandbox
COPY --from=dependencies /app/node_modules ./node_modules
COPY drizzle ./drizzle
COPY package.json ./
COPY --from=build /app/dist ./dist
# By number, so that a cluster can see that it isn't root.
USER 1000:1000
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=2m --retries=3 \
  CMD ["node", "/app/dist/docker/health.js"]
ENTRYPOINT ["node", "--enable-source-maps", "/app/dist/main.js"]
CMD ["start"]
