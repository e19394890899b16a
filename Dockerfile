# One image for the gateway and, with another command, for every service of the demo: see docker-compose.yml.
FROM node:26.10.0-bookworm-slim AS base
WORKDIR /app
COPY package.json package-lock.json .npmrc ./

FROM base AS explorer
RUN --mount=type=cache,target=/root/.npm npm ci
COPY src src
RUN node src/server/explorer/build.ts dist/explorer

FROM base
ENV NODE_ENV=production ATRIUM_HOST=0.0.0.0
# The base image is the pinned Node, so the packages that bring one stay out.
RUN --mount=type=cache,target=/root/.npm npm ci --omit=optional --omit=dev
COPY bin bin
COPY src src
COPY services-mock services-mock
COPY schemas schemas
COPY gateway.config.ts ./
COPY --from=explorer /app/dist/explorer dist/explorer
USER node
EXPOSE 4000
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 4000) + '/health/ready').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node"]
CMD ["bin/atrium", "serve"]
